// The code that takes the place of live modules in the browser, and that is added to them on the server.

import type { LiveExport } from './exports.ts';
import { TIDEWIRE_DEFAULTS } from './options.ts';

const DEFAULT_URL = TIDEWIRE_DEFAULTS.path;

const STUBS = 'tidewire/svelte/stubs';

/** Stubs that bring a part of the client with them, which other pages do not load. */
const OTHER_ENTRIES = new Map<string, string>([
	...['binary', 'upload', 'generate', 'download', 'volatile'].map((kind) => [kind, `${STUBS}/bytes`] as const),
	...['presence', 'cursors', 'room', 'group'].map((kind) => [kind, `${STUBS}/rooms`] as const)
]);

function entryOf(kind: string): string {
	return OTHER_ENTRIES.get(kind) ?? STUBS;
}

/** What the browser gets: one stub per export, nothing of the module and nothing of what it imports. */
export function clientStubs(moduleId: string, exports: readonly LiveExport[], options: { url: string }): string {
	const stubs = exports.flatMap(({ name, stub, version }) => (stub === null ? [] : [{ name, stub, version }]));
	const kinds = [...new Set(stubs.map(({ stub }) => stub))];
	const entries = [...new Set(kinds.map(entryOf))];
	const lines = stubs.map(({ name, stub, version }) => {
		const args = [`${moduleId}/${name}`, version]
			.filter((arg) => arg !== undefined)
			.map((arg) => JSON.stringify(arg));
		return `export const ${name} = /* @__PURE__ */ $$${stub}(${args.join(', ')});`;
	});
	const imports = entries.map((entry) => {
		const names = kinds.filter((kind) => entryOf(kind) === entry).map((name) => `${name} as $$${name}`);
		return `import { ${names.join(', ')} } from '${entry}';`;
	});
	// The client asks for it when it connects, which is later than this.
	const path = options.url === DEFAULT_URL ? [] : [`globalThis.__TIDEWIRE_PATH__ = ${JSON.stringify(options.url)};`];
	return [...imports, ...path, ...lines, ''].join('\n');
}

/** Added to a module on the server: tells each definition its path, and the runtime that the module is here. */
export function serverRegistration(moduleId: string, exports: readonly LiveExport[]): string {
	const names = exports.map(({ name }) => name).join(', ');
	return [
		'',
		`import { registerModule as $$registerModule } from 'tidewire/kit/register';`,
		`$$registerModule(${JSON.stringify(moduleId)}, { ${names} });`,
		''
	].join('\n');
}
