// Finds every live module on disk, so that one that no page imports is part of the app too.

import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { displayName, moduleIdOf, serverOnlyProblem, type SourceTree } from './module-id.ts';

export interface LiveFiles {
	/** File by module id. */
	modules: Map<string, string>;
	/** What is wrong, one sentence each. */
	problems: string[];
}

export function scan(tree: SourceTree): LiveFiles {
	const found: LiveFiles = { modules: new Map(), problems: [] };
	if (!existsSync(tree.src)) return found;
	const entries = readdirSync(tree.src, { recursive: true, withFileTypes: true });
	const files = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
	for (const file of files.map((name) => name.replaceAll('\\', '/')).toSorted()) add(found, file, tree);
	return found;
}

function add(found: LiveFiles, file: string, tree: SourceTree): void {
	const id = moduleIdOf(file, tree);
	if (id === null || file.includes('/node_modules/')) return;
	const other = found.modules.get(id);
	const problem = serverOnlyProblem(file, tree) ?? (other === undefined ? null : conflict(id, [other, file], tree));
	if (problem === null) found.modules.set(id, file);
	else found.problems.push(problem);
}

function conflict(id: string, files: string[], tree: SourceTree): string {
	const [first, second] = files.map((file) => displayName(file, tree));
	return `${first} and ${second} would both be the live module "${id}". Rename one of them.`;
}

/** The app's configuration of tidewire; null where it has none. */
export function configFile(tree: SourceTree): string | null {
	const candidates = ['ts', 'js'].map((extension) => `${tree.src}/hooks.live.${extension}`);
	return candidates.find((file) => existsSync(file)) ?? null;
}
