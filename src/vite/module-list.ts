// How the app's code reaches its live modules while it is developed: by asking, not by importing. An import would make
// src/hooks.server.ts depend on every live module, and each edit would run the hooks anew, with all that they hold.

import type { Logger, RunnableDevEnvironment } from 'vite';
import type { App } from './app.ts';
import { configFile, scan } from './scan.ts';

/** What `virtual:tidewire/app` finds in development. */
interface ModuleList {
	modules(): Record<string, () => Promise<unknown>>;
	loadConfig(): Promise<{ default?: unknown }>;
}

const KEY = 'tidewire.development';

/** The expression that the app's code reads the list by; it runs in the same process. */
export const MODULE_LIST = `globalThis[Symbol.for('${KEY}')]`;

export function shareModuleList(app: App, environment: RunnableDevEnvironment, logger: Logger): void {
	const list: ModuleList = {
		modules() {
			const { modules, problems } = scan(app.tree);
			for (const problem of problems) logger.error(`tidewire: ${problem}`, { timestamp: true });
			const loads = [...modules].map(([id, file]) => [id, () => environment.runner.import(file)] as const);
			return Object.fromEntries(loads);
		},
		async loadConfig() {
			const file = configFile(app.tree);
			return file === null ? {} : environment.runner.import(file);
		}
	};
	(globalThis as Record<symbol, unknown>)[Symbol.for(KEY)] = list;
}
