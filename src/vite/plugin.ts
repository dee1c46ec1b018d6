// `tidewire()` for vite.config.ts, beside `sveltekit()`.

import type { Plugin } from 'vite';
import { adapterPlugin } from './adapter-node.ts';
import { App } from './app.ts';
import { dependenciesPlugin } from './dependencies.ts';
import { developmentPlugin } from './development.ts';
import type { TidewireOptions } from './options.ts';
import { previewPlugin } from './preview.ts';
import { sourceGuardPlugin, transformPlugin } from './transform.ts';
import { aliasPlugin, virtualPlugin } from './virtual.ts';

/**
 * Makes live modules work: stubs for the browser, registration on the server, sockets in development, preview and
 * production. Takes effect after `sveltekit()`.
 */
export function tidewire(options: TidewireOptions = {}): Plugin[] {
	const app = new App(options);
	return [
		{ name: 'tidewire', configResolved: (config) => app.resolved(config) },
		sourceGuardPlugin(app),
		transformPlugin(app),
		virtualPlugin(app),
		aliasPlugin(app),
		dependenciesPlugin(app),
		developmentPlugin(app),
		previewPlugin(app),
		adapterPlugin()
	];
}
