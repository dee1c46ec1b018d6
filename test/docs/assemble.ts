// The files that a document shows: every block whose opening fence says `file=PATH`. A later block takes the place of an
// earlier one with the same path, as it does for whoever follows the document.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from '../../scripts/lib/run.ts';
import { blocksOf, readDocument } from './markdown.ts';

/** What every SvelteKit app has and no document shows. */
const BASE = ['src/app.html'];

export function filesOf(...documents: string[]): Record<string, string> {
	const files: Record<string, string> = {};
	for (const path of BASE) files[path] = readFileSync(join(root, 'test/docs/base', path), 'utf8');
	for (const block of documents.flatMap((document) => blocksOf(readDocument(document)))) {
		const path = /(?:^| )file=(\S+)/.exec(block.info)?.[1];
		if (path) files[path] = `${block.text}\n`;
	}
	return files;
}
