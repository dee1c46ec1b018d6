// Finds the Chromium that the end-to-end tests drive, or installs it with the system's package manager when this
// process may do that. Nothing is downloaded from anywhere else.
import { existsSync } from 'node:fs';
import { aptInstall } from './apt.ts';

const PLACES = [
	'/usr/bin/chromium',
	'/usr/bin/chromium-browser',
	'/usr/bin/google-chrome',
	'/Applications/Chromium.app/Contents/MacOS/Chromium',
	'/Applications/Google Chrome.app/Contents/MacOS/Google Chrome'
];

/** The browser's path (`CHROMIUM_PATH` wins), or why there is none. */
export async function findOrInstallChromium(): Promise<{ path: string } | { missing: string }> {
	const path = find();
	if (path) return { path };
	const chosen = process.env['CHROMIUM_PATH'];
	if (chosen) return { missing: `CHROMIUM_PATH names no file: ${chosen}` };
	const reason = await aptInstall('Chromium', ['chromium']);
	if (reason) return { missing: `${reason}: set CHROMIUM_PATH` };
	const installed = find();
	return installed ? { path: installed } : { missing: 'the package chromium was installed but brought no browser' };
}

function find(): string | undefined {
	const chosen = process.env['CHROMIUM_PATH'];
	return (chosen ? [chosen] : PLACES).find((path) => existsSync(path));
}
