// Which files are live modules, and what each is called. Invariant: an id names one file, or the build fails.

import { join, relative, resolve } from 'node:path';

/** Where the app's sources are. */
export interface SourceTree {
	/** The project's folder, absolute, with forward slashes. */
	root: string;
	/** The folder of its sources, absolute, with forward slashes. */
	src: string;
}

/** A file that the transform may see: anything under a folder `live`, and `*.live.ts` anywhere. Its path decides. */
export const MAYBE_LIVE = /(\/live\/.*|\.live)\.[jt]s(\?.*)?$/;

// As SvelteKit has it: a file called `server` or `*.server`, and a folder `server` outside of the routes.
const SERVER_NAME = /[/.]server\.[^/]+$/;
const SERVER_FOLDER = /^\/(?!src\/routes\/).*\/server\//;

const EXTENSION = /\.[jt]s$/;
const NOT_A_MODULE = /\.(test|test-d|spec|d)\.[jt]s$/;

/** The id of a live module, for example `lib/board`; null where the file is none. */
export function moduleIdOf(file: string, tree: SourceTree): string | null {
	if (!EXTENSION.test(file) || NOT_A_MODULE.test(file) || isConfigFile(file, tree)) return null;
	const path = below(tree.src, file);
	if (path === null) return null;
	const inFolder = /^live\/(.+)$/.exec(path)?.[1];
	if (inFolder !== undefined) return inFolder.replace(EXTENSION, '').replace(/\.live$/, '');
	return /^(.+)\.live\.[jt]s$/.exec(path)?.[1] ?? null;
}

/** `src/hooks.live.ts` configures tidewire and is no live module. */
export function isConfigFile(file: string, tree: SourceTree): boolean {
	return below(tree.src, file)?.replace(EXTENSION, '') === 'hooks.live';
}

/** Why the browser cannot import a live module, as a sentence; null where it can. */
export function serverOnlyProblem(file: string, tree: SourceTree): string | null {
	const name = displayName(file, tree);
	if (!SERVER_NAME.test(`/${name}`) && !SERVER_FOLDER.test(`/${name}`)) return null;
	return (
		`${name} is a live module whose path SvelteKit keeps from the browser, so no component can import it. ` +
		`Rename it or move it out of the "server" folder (what it imports may stay there).`
	);
}

/** How messages name a file: as the developer sees it, below the project. */
export function displayName(file: string, tree: SourceTree): string {
	return relative(tree.root, file).replaceAll('\\', '/');
}

/** The file that `$live/board` or `$live/rooms/lobby.ts` means, before its extension is known. */
export function liveAliasTargets(specifier: string, tree: SourceTree): string[] {
	const base = join(tree.src, 'live', specifier.slice('$live/'.length));
	if (EXTENSION.test(base)) return [base, base.replace(/\.js$/, '.ts')];
	return ['.ts', '.js', '.live.ts', '.live.js'].map((extension) => base + extension);
}

/** A module id as Vite has it, without its query and with forward slashes. */
export function cleanId(id: string): string {
	return id.replace(/[?#].*$/, '').replaceAll('\\', '/');
}

function below(folder: string, file: string): string | null {
	const path = relative(folder, resolve(file)).replaceAll('\\', '/');
	return path.startsWith('../') || path === '' ? null : path;
}
