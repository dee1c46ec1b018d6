// How Vite treats the package itself and the live modules when it prepares dependencies.

import type { Plugin, UserConfig } from 'vite';
import type { App } from './app.ts';
import { cleanId, isConfigFile, moduleIdOf } from './module-id.ts';

export function dependenciesPlugin(app: App): Plugin {
	return {
		name: 'tidewire:dependencies',
		config: (): UserConfig => ({
			optimizeDeps: {
				// Only live modules import it, and the scanner does not see what a transform adds: found late, it would be
				// prepared while the first page is open, and the page reloaded.
				include: ['tidewire/svelte/stubs'],
				rolldownOptions: { plugins: [keepOut(app)] }
			},
			// Its server part imports virtual modules, and its Svelte must be the app's own.
			ssr: { noExternal: ['tidewire'] }
		})
	};
}

/** The scanner reads raw sources: without this it would follow a live module into the server's dependencies. */
function keepOut(app: App) {
	return {
		name: 'tidewire:keep-live-modules-out',
		resolveId: {
			filter: { id: /([/.]live\b|live\/)/ },
			async handler(this: ScanContext, id: string, importer: string | undefined) {
				const resolved = await this.resolve(id, importer, { skipSelf: true });
				if (!resolved) return null;
				const file = cleanId(resolved.id);
				const isOurs = moduleIdOf(file, app.tree) !== null || isConfigFile(file, app.tree);
				return isOurs ? { id: resolved.id, external: 'absolute' as const } : null;
			}
		}
	};
}

interface ScanContext {
	resolve(id: string, importer: string | undefined, options: { skipSelf: boolean }): Promise<{ id: string } | null>;
}
