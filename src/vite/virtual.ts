// The modules that exist only in the build: the list of all live modules, and the short import of those in src/live.

import { existsSync } from 'node:fs';
import type { Plugin } from 'vite';
import type { App } from './app.ts';
import { liveAliasTargets } from './module-id.ts';
import { MODULE_LIST } from './module-list.ts';
import { configFile, scan } from './scan.ts';

/** What the server side of tidewire knows of the app it is built into. */
const APP_MODULE = 'virtual:tidewire/app';

/** Vite's convention: other plugins leave ids with this character alone. */
export const resolvedVirtual = (id: string): string => `\0${id}`;

/** A filter for one id. Rolldown takes a plain string for a glob. */
export const exactly = (id: string): RegExp => new RegExp(`^${id.replaceAll(/[/.$]/g, '\\$&')}$`);

export function virtualPlugin(app: App): Plugin {
	return {
		name: 'tidewire:app',
		resolveId: {
			filter: { id: exactly(APP_MODULE) },
			handler: (id) => resolvedVirtual(id)
		},
		load: {
			filter: { id: exactly(resolvedVirtual(APP_MODULE)) },
			handler() {
				if (app.sharesModuleList) return appModule(app, SHARED);
				const { modules, problems } = scan(app.tree);
				if (problems.length > 0) this.error(problems.join('\n'));
				return appModule(app, imports(modules, configFile(app.tree)));
			}
		}
	};
}

/** See src/vite/module-list.ts. */
const SHARED = [
	`export const modules = () => ${MODULE_LIST}.modules();`,
	`export const loadConfig = () => ${MODULE_LIST}.loadConfig();`
];

/** Every live module as a lazy import, so that one that no page imports is built and registered too. */
function imports(modules: ReadonlyMap<string, string>, config: string | null): string[] {
	const load = (file: string): string => `() => import(${JSON.stringify(file)})`;
	const entries = [...modules].map(([id, file]) => `\t${JSON.stringify(id)}: ${load(file)}`);
	return [
		`export const modules = () => ({\n${entries.join(',\n')}\n});`,
		`export const loadConfig = ${config === null ? '() => Promise.resolve({})' : load(config)};`
	];
}

function appModule(app: App, lists: string[]): string {
	return [
		...lists,
		`export const base = ${JSON.stringify(app.base)};`,
		`export const path = ${JSON.stringify(app.url)};`,
		`export const origin = ${JSON.stringify(app.origin ?? null)};`,
		`export const isDevelopment = ${app.isDevelopment};`,
		`export { getRequestEvent } from '$app/server';`,
		`export { building as isBuilding } from '${app.isKit2 ? '$app/environment' : '$app/env'}';`,
		''
	].join('\n');
}

/** `$live/board` is `src/live/board.ts`. */
export function aliasPlugin(app: App): Plugin {
	return {
		name: 'tidewire:alias',
		resolveId: {
			filter: { id: /^\$live\// },
			handler(specifier) {
				const targets = liveAliasTargets(specifier, app.tree);
				const file = targets.find((target) => existsSync(target));
				if (file !== undefined) return file;
				return this.error(`${specifier} does not exist: there is no ${targets.join(' nor ')}`);
			}
		}
	};
}
