// Live sockets on `vite preview`, which runs what `vite build` made.

import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Plugin } from 'vite';
import { SERVER_ENTRY } from './adapter-node.ts';
import type { App } from './app.ts';
import type { ServerDoor } from './server-door.ts';

export function previewPlugin(app: App): Plugin {
	return {
		name: 'tidewire:preview',
		configurePreviewServer: {
			// After SvelteKit's own hook, which sets up the app's environment and its server.
			order: 'post',
			async handler(server) {
				const file = join(app.serverOutput, `${SERVER_ENTRY}.js`);
				if (!existsSync(file))
					throw new Error(`tidewire: ${file} is missing; run "vite build" before "vite preview"`);
				const door = (await import(pathToFileURL(file).href)) as ServerDoor;
				await door.start();
				door.attach(server.httpServer, server.middlewares);
			}
		}
	};
}
