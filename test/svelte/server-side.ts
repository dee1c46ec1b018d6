// Loads server-entry.ts in a Vite of its own, so that one test has both builds of Svelte: the server's, which renders,
// and the browser's, which hydrates.

import { svelte } from '@sveltejs/vite-plugin-svelte';
import { createServer } from 'vite';
import type * as entry from './server-entry.ts';

export type ServerEntry = typeof entry;

export async function startServerSide(): Promise<{ entry: ServerEntry; close: () => Promise<void> }> {
	const server = await createServer({
		configFile: false,
		logLevel: 'error',
		appType: 'custom',
		server: { middlewareMode: true, ws: false, watch: null },
		optimizeDeps: { noDiscovery: true },
		plugins: [svelte({ configFile: false, compilerOptions: { experimental: { async: true } } })]
	});
	const entry = (await server.ssrLoadModule('/test/svelte/server-entry.ts')) as ServerEntry;
	return { entry, close: () => server.close() };
}
