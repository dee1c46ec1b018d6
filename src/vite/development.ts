// Live sockets on Vite's development server. The package's server part runs in Vite's module runner, as the app's code
// does; it is loaded once the server listens, because the runner does not work before.

import type { Plugin, RunnableDevEnvironment, ViteDevServer } from 'vite';
import type { App } from './app.ts';
import { EarlyUpgrades } from './early-upgrades.ts';
import { shareModuleList } from './module-list.ts';
import { DOOR_MODULE, type ServerDoor } from './server-door.ts';
import { Reloader } from './reloader.ts';

export function developmentPlugin(app: App): Plugin {
	return {
		name: 'tidewire:development',
		apply: 'serve',
		configureServer(server) {
			const { httpServer, config } = server;
			const environment = runnable(server);
			if (!httpServer || !environment) {
				config.logger.warn(
					'tidewire: this development server has no HTTP server or no module runner of its own; live sockets stay closed'
				);
				return;
			}
			app.sharesModuleList = true;
			shareModuleList(app, environment, config.logger);
			const early = new EarlyUpgrades(httpServer);
			httpServer.once('listening', () => {
				serve(app, server, environment)
					.catch((error: unknown) => {
						config.logger.error(`tidewire: live sockets stay closed\n${describe(error)}`, {
							timestamp: true
						});
					})
					.finally(() => early.release());
			});
		}
	};
}

async function serve(app: App, server: ViteDevServer, environment: RunnableDevEnvironment): Promise<void> {
	const door = await environment.runner.import<ServerDoor>(DOOR_MODULE);
	door.attach(server.httpServer, server.middlewares);
	const reloader = new Reloader({ app, environment, door, logger: server.config.logger });
	for (const event of ['add', 'change', 'unlink'] as const) {
		server.watcher.on(event, (file) => reloader.changed(file));
	}
}

function runnable(server: ViteDevServer): RunnableDevEnvironment | undefined {
	const environment = server.environments['ssr'];
	return environment && 'runner' in environment ? (environment as RunnableDevEnvironment) : undefined;
}

function describe(error: unknown): string {
	return error instanceof Error ? (error.stack ?? error.message) : String(error);
}
