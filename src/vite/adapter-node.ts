// Puts live sockets into the server that a build makes. With adapter-node 6 the adapter's own entry is part of the Vite
// build, so it is wrapped; every build gets `tidewire.js` beside SvelteKit's server, for preview and custom servers.

import type { EnvironmentOptions, Plugin } from 'vite';
import { exactly, resolvedVirtual } from './virtual.ts';

/** The name of the built file that `attach` is imported from, without its extension. */
export const SERVER_ENTRY = 'tidewire';

/** The names of adapter-node's inputs. */
const ADAPTER_INPUT = 'adapter-index';
const HANDLER_INPUT = 'handler';
const WRAPPER = 'virtual:tidewire/adapter-node';

interface AdapterEntries {
	index: string;
	handler: string;
}

export function adapterPlugin(): Plugin {
	let adapter: AdapterEntries | undefined;
	return {
		name: 'tidewire:adapter-node',
		apply: 'build',
		configEnvironment: {
			order: 'post',
			handler(name, environment) {
				if (name !== 'ssr') return undefined;
				adapter = wrapAdapter(inputsOf(environment));
				const bundler = { input: { [SERVER_ENTRY]: 'tidewire/kit/node' } };
				// Vite 7 has Rollup.
				return {
					build: 'rolldownVersion' in this.meta ? { rolldownOptions: bundler } : { rollupOptions: bundler }
				};
			}
		},
		resolveId: {
			filter: { id: exactly(WRAPPER) },
			handler: (id) => resolvedVirtual(id)
		},
		load: {
			filter: { id: exactly(resolvedVirtual(WRAPPER)) },
			handler: () => (adapter ? wrapper(adapter) : undefined)
		}
	};
}

function inputsOf(environment: EnvironmentOptions): Record<string, string> {
	const input = environment.build?.rolldownOptions?.input;
	return typeof input === 'object' && !Array.isArray(input) ? input : {};
}

/** Puts the wrapper in the place of adapter-node's entry; undefined where this is another adapter. */
function wrapAdapter(input: Record<string, string>): AdapterEntries | undefined {
	const { [ADAPTER_INPUT]: index, [HANDLER_INPUT]: handler } = input;
	if (index === undefined || handler === undefined) return undefined;
	input[ADAPTER_INPUT] = WRAPPER;
	return { index, handler };
}

/**
 * What `node build` runs. A wrong configuration ends the process before it listens, so the adapter's own entry, which
 * listens, is imported after it.
 */
function wrapper({ index, handler }: AdapterEntries): string {
	return [
		`import { handler } from ${JSON.stringify(handler)};`,
		`import { attach, startOrExit } from 'tidewire/kit/node';`,
		`await startOrExit();`,
		`const adapter = await import(${JSON.stringify(index)});`,
		`attach(adapter.server, handler);`,
		`export const { path, host, port, server } = adapter;`,
		''
	].join('\n');
}
