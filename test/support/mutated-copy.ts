// Copies of the sources with a deliberate defect each, beside the tests that have to find it.
import { cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const ROOT = join(import.meta.dirname, '../..');
/** Below the project, so that packages are found; ignored by git. */
const COPIES = join(ROOT, 'tmp/mutants');
const SOURCES = ['base', 'protocol', 'server', 'features', 'live', 'client', 'backplanes', 'transports', 'testing'];

export interface Edit {
	/** Below `src`. */
	file: string;
	/** Occurs in the file exactly once. */
	find: string;
	replace: string;
}

export interface Mutant {
	/** What the defect is, as a sentence. */
	title: string;
	edits: readonly Edit[];
}

export interface CopyOptions {
	/** Who makes it. */
	campaign: string;
	name: string;
	edits: readonly Edit[];
	/** What it needs of `test`. */
	folders: readonly string[];
}

/** Makes a copy. Returns its `test` folder. */
export function mutatedCopy({ campaign, name, edits, folders }: CopyOptions): string {
	const copy = join(COPIES, campaign, name);
	rmSync(copy, { recursive: true, force: true });
	mkdirSync(join(copy, 'test'), { recursive: true });
	const isShipped = (path: string): boolean => !/\.test(-d)?\.ts$/.test(path);
	const own = [...SOURCES.map((folder) => `src/${folder}`), ...folders.map((folder) => `test/${folder}`)];
	const paths = [...own, 'scripts/lib'];
	for (const path of paths) cpSync(join(ROOT, path), join(copy, path), { recursive: true, filter: isShipped });
	for (const edit of edits) apply(copy, edit);
	return join(copy, 'test');
}

export function removeCopies(campaign: string): void {
	rmSync(join(COPIES, campaign), { recursive: true, force: true });
}

/** @throws {Error} where the text to change is not there exactly once: a defect that is not made is never found */
function apply(copy: string, { file, find, replace }: Edit): void {
	const path = join(copy, 'src', file);
	const text = readFileSync(path, 'utf8');
	const count = text.split(find).length - 1;
	if (count !== 1) throw new Error(`src/${file} has ${count} times, not once: ${find}`);
	writeFileSync(
		path,
		text.replace(find, () => replace)
	);
}
