// The files that a document shows, written beside each other for a test, on the sources instead of the package.
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll } from 'vitest';
import { root } from '../../scripts/lib/run.ts';
import { filesOf } from './assemble.ts';

/** Writes them for the tests of this file. Returns what loads one of their modules, by its path below `src`. */
export function runExamples(name: string): <Module>(path: string) => Promise<Module> {
	const folder = join(root, `tmp/docs-${name}`);
	beforeAll(() => {
		const server = JSON.stringify(join(root, 'src/live/index.ts'));
		for (const [path, text] of Object.entries(filesOf(`docs/${name}.md`))) {
			mkdirSync(dirname(join(folder, path)), { recursive: true });
			writeFileSync(join(folder, path), text.replaceAll("'tidewire/server'", server));
		}
	});
	afterAll(() => rmSync(folder, { recursive: true, force: true }));
	// As `vite` would load it.
	return async <Module>(path: string) => (await import(/* @vite-ignore */ join(folder, 'src', path))) as Module;
}
