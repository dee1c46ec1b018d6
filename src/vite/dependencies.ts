// How Vite treats the package itself and the live modules when it prepares dependencies.

import { resolve } from 'node:path';
import type { Plugin, UserConfig } from 'vite';
import type { App } from './app.ts';
import { cleanId, isConfigFile, moduleIdOf } from './module-id.ts';

export function dependenciesPlugin(app: App): Plugin {
	return {
		name: 'tidewire:dependencies',
		config(): UserConfig {
			const isRolldown = 'rolldownVersion' in this.meta;
			return {
				optimizeDeps: {
					// Prepared one by one, what live modules and what pages import would each bring a client of its own: the
					// page would configure and watch one, and talk over the other.
					exclude: ['tidewire'],
					// Found late, it would be prepared while the first page is open, and the page reloaded.
					include: ['tidewire > devalue'],
					...(isRolldown
						? { rolldownOptions: { plugins: [keepOut(app)] } }
						: { esbuildOptions: { plugins: [keepOutOfEsbuild(app)] } })
				},
				// Its server part imports virtual modules, and its Svelte must be the app's own.
				ssr: { noExternal: ['tidewire'] }
			};
		}
	};
}

/** What the specifier of a live module may look like. */
const SPECIFIER = /([/.]live\b|live\/)/;

/** The scanner reads raw sources: without this it would follow a live module into the server's dependencies. */
function keepOut(app: App) {
	return {
		name: 'tidewire:keep-live-modules-out',
		resolveId: {
			filter: { id: SPECIFIER },
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

/** The same for Vite 7, which scans with esbuild. */
function keepOutOfEsbuild(app: App) {
	const isLive = ({ path, resolveDir }: EsbuildImport): boolean => {
		if (path.startsWith('$live/') || /\.live(\.[jt]s)?$/.test(path)) return true;
		const file = cleanId(resolve(resolveDir, path));
		return moduleIdOf(file, app.tree) !== null || moduleIdOf(`${file}.ts`, app.tree) !== null;
	};
	return {
		name: 'tidewire:keep-live-modules-out',
		setup(build: EsbuildBuild) {
			build.onResolve({ filter: SPECIFIER }, (found) =>
				isLive(found) ? { path: found.path, external: true } : undefined
			);
		}
	};
}

interface EsbuildImport {
	path: string;
	resolveDir: string;
}

interface EsbuildBuild {
	onResolve(
		options: { filter: RegExp },
		resolve: (found: EsbuildImport) => { path: string; external: boolean } | undefined
	): void;
}

interface ScanContext {
	resolve(id: string, importer: string | undefined, options: { skipSelf: boolean }): Promise<{ id: string } | null>;
}
