// Starts the Chromium that `npm test` found (CHROMIUM_PATH), headless and without a word to the outside.
import type { Browser } from 'playwright-core';
import { chromium } from 'playwright-core';

const ARGUMENTS = [
	'--no-sandbox',
	'--disable-gpu',
	'--disable-quic',
	'--no-first-run',
	'--disable-background-networking',
	'--disable-component-update',
	'--disable-sync'
];

export async function launchBrowser(): Promise<Browser> {
	const executablePath = process.env['CHROMIUM_PATH'] ?? '/usr/bin/chromium';
	return await chromium.launch({ executablePath, headless: true, args: ARGUMENTS });
}
