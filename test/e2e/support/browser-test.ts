// Tests in Chromium. What the tests of a file share is set up when the first of them asks for it, and ended with the file.
import { test } from 'vitest';
import { launchBrowser } from '../../support/browser.ts';

/** Makes what a fixture is, to be ended with the tests that it is for. */
export async function owned<Thing extends AsyncDisposable>(
	{ onCleanup }: { onCleanup: (end: () => Promise<void>) => void },
	making: Thing | Promise<Thing>
): Promise<Thing> {
	const thing = await making;
	onCleanup(async () => thing[Symbol.asyncDispose]());
	return thing;
}

// oxlint-disable-next-line no-empty-pattern -- the runner reads there what a fixture needs, and this one needs nothing
export const browserTest = test.extend('browser', { scope: 'file' }, ({}, life) => owned(life, launchBrowser()));
