// Turns live modules into stubs for the browser and registers them on the server. Invariant: nothing of a live module's
// source, nor of what it imports, is in anything that is made for the browser, source maps included.

import type { Plugin, Rolldown } from 'vite';
import type { App } from './app.ts';
import { listExports, type LiveExport } from './exports.ts';
import { clientStubs, serverRegistration } from './generate.ts';
import { cleanId, displayName, isConfigFile, MAYBE_LIVE, moduleIdOf, serverOnlyProblem } from './module-id.ts';

/** What Vite adds to a file's URL to get something else than the module: its text, or its address. */
const OTHER_USE = /[?&](raw|url|inline|worker|sharedworker)\b/;

export function transformPlugin(app: App): Plugin {
	return {
		name: 'tidewire:transform',
		applyToEnvironment: (environment) => environment.name !== 'serviceWorker',
		transform: {
			filter: { id: MAYBE_LIVE },
			handler(code, id) {
				const file = cleanId(id);
				const isClient = this.environment.config.consumer === 'client';
				if (isClient) assertImportable(this, app, file);
				const moduleId = moduleIdOf(file, app.tree);
				if (moduleId === null || OTHER_USE.test(id)) return null;
				// Some editors empty a file before they write it: that is not the removal of every function.
				if (code.trim() === '' && app.isDevelopment) return null;
				const exports = exportsOf(this, code, displayName(file, app.tree));
				return isClient ? forClient(this, app, { moduleId, exports }) : forServer(code, moduleId, exports);
			}
		}
	};
}

/** Keeps `board.live.ts?raw` and its like out of the browser. Before Vite's own plugins, which would read the file. */
export function sourceGuardPlugin(app: App): Plugin {
	return {
		name: 'tidewire:source-guard',
		enforce: 'pre',
		load: {
			filter: { id: OTHER_USE },
			handler(id) {
				const file = cleanId(id);
				const isOurs = moduleIdOf(file, app.tree) !== null || isConfigFile(file, app.tree);
				if (isOurs && this.environment.config.consumer === 'client') {
					this.error(`${displayName(file, app.tree)}: the source of a live module stays on the server`);
				}
			}
		}
	};
}

type Context = Rolldown.TransformPluginContext & { environment: { mode: string } };

function assertImportable(context: Context, app: App, file: string): void {
	const problem = moduleIdOf(file, app.tree) === null ? null : serverOnlyProblem(file, app.tree);
	if (problem !== null) context.error(problem);
	if (isConfigFile(file, app.tree)) {
		context.error(`${displayName(file, app.tree)} configures the server and cannot be imported by the browser`);
	}
}

function exportsOf(context: Context, code: string, name: string): LiveExport[] {
	return listExports(context.parse(code), (message, position) => context.error(`${name}: ${message}`, position));
}

function forClient(context: Context, app: App, module: { moduleId: string; exports: LiveExport[] }) {
	const stubs = clientStubs(module.moduleId, module.exports, { url: app.url });
	// The stub takes an edit of the file by itself: nothing that imports it is reloaded, nor is the page.
	const code = context.environment.mode === 'dev' ? `${stubs}import.meta.hot?.accept();\n` : stubs;
	// Not null: that keeps the map so far, and with it the server's source in the browser's source maps.
	return { code, map: { mappings: '' } };
}

function forServer(code: string, moduleId: string, exports: LiveExport[]) {
	// Lines are only added at the end, so the map so far stays right.
	return { code: code + serverRegistration(moduleId, exports), map: null };
}
