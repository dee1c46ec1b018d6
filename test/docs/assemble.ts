// The files that documents show: every block whose opening fence says `file=PATH`. A later block takes the place of an
// earlier one with the same path, as it does for whoever follows the document.
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from '../../scripts/lib/run.ts';
import { blocksOf, readDocument } from './markdown.ts';

export type Files = Record<string, string>;

export function filesOf(...documents: string[]): Files {
	const files: Files = {};
	for (const block of documents.flatMap((document) => blocksOf(readDocument(document)))) {
		const path = pathOf(block.info);
		if (path) files[path] = `${block.text}\n`;
	}
	return files;
}

/** Where a block says that it belongs; undefined where it is none of a file. */
export function pathOf(info: string): string | undefined {
	return /(?:^| )file=(\S+)/.exec(info)?.[1];
}

/** What no document shows: `base` is what every new SvelteKit app has, `guide` what the guide takes for granted. */
export function fixtureFiles(name: 'base' | 'guide'): Files {
	const folder = join(root, 'fixtures/docs', name);
	const paths = globSync('**/*.*', { cwd: folder });
	return Object.fromEntries(paths.map((path) => [path, readFileSync(join(folder, path), 'utf8')]));
}
