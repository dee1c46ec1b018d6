// Finds the Chromium that the end-to-end tests drive, or installs it with the system's package manager when this
// process may do that. Nothing is downloaded from anywhere else.
import { existsSync } from 'node:fs';
import { capture, run } from './run.ts';

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
	const reason = await install();
	if (reason) return { missing: reason };
	const installed = find();
	return installed ? { path: installed } : { missing: 'the package chromium was installed but brought no browser' };
}

function find(): string | undefined {
	const chosen = process.env['CHROMIUM_PATH'];
	return (chosen ? [chosen] : PLACES).find((path) => existsSync(path));
}

/** Installs chromium by apt; returns why that was not possible, if it was not. */
async function install(): Promise<string | undefined> {
	if (process.env['CHROMIUM_PATH']) return `CHROMIUM_PATH names no file: ${process.env['CHROMIUM_PATH']}`;
	if (!existsSync('/usr/bin/apt-get'))
		return 'there is no Chromium here and no apt-get to install it: set CHROMIUM_PATH';
	const prefix = await rootPrefix();
	if (!prefix) return 'there is no Chromium here and apt-get needs root (or sudo without a password)';
	console.log('Chromium is missing: installing it with apt-get');
	const env = { DEBIAN_FRONTEND: 'noninteractive' };
	for (const args of [['update'], ['install', '-y', '--no-install-recommends', 'chromium']]) {
		const [command, ...rest] = [...prefix, 'apt-get', '-q', ...args];
		if ((await run(command, rest, { env })) !== 0) return `apt-get ${args.join(' ')} failed`;
	}
	return undefined;
}

/** What to put before a command that needs root: nothing, `sudo`, or undefined when there is no way. */
async function rootPrefix(): Promise<[string, ...string[]] | [] | undefined> {
	if (process.getuid?.() === 0) return [];
	if (!existsSync('/usr/bin/sudo')) return undefined;
	const { code } = await capture('sudo', ['-n', 'true']);
	return code === 0 ? ['sudo', '-n'] : undefined;
}
