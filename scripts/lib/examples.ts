// The example apps under examples/: what SvelteKit generates for them, their types and their production builds.
import { globSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Outcome } from './outcome.ts';
import { namedCheck, sum } from './outcome.ts';
import { isCurrent } from './current.ts';
import { root, run } from './run.ts';

/** The examples' folders, relative to the project's. */
function examples(): string[] {
	return globSync('examples/*/package.json', { cwd: root }).map(dirname).toSorted();
}

/** Writes what SvelteKit generates (`.svelte-kit`), which the types and the linter of an example build on. */
export async function syncExamples(): Promise<boolean> {
	const codes: number[] = [];
	for (const folder of examples()) codes.push(await run('svelte-kit', ['sync'], { cwd: join(root, folder) }));
	return codes.every((code) => code === 0);
}

/** Checks the components of the package and of the examples by svelte-check. */
export async function checkComponents(): Promise<Outcome> {
	const synced = await syncExamples();
	const outcomes: Outcome[] = [];
	for (const folder of ['.', ...examples()]) {
		const args = ['--tsconfig', './tsconfig.json', '--fail-on-warnings'];
		const code = await run('svelte-check', args, { cwd: join(root, folder) });
		outcomes.push(namedCheck(`svelte-check ${folder}`, synced && code === 0));
	}
	return sum(outcomes);
}

export async function buildExample(folder: string): Promise<boolean> {
	return (await run('vite', ['build', '--logLevel', 'warn'], { cwd: join(root, folder) })) === 0;
}

/** Builds the examples that have changed, or what they are built with, since they were built. */
export async function buildExamples(): Promise<Outcome> {
	const outcomes: Outcome[] = [];
	for (const folder of examples())
		outcomes.push(namedCheck(`vite build ${folder}`, isBuilt(folder) || (await buildExample(folder))));
	return sum(outcomes);
}

const isBuilt = (folder: string): boolean =>
	isCurrent(join(root, folder, 'build/index.js'), [
		`${folder}/{src,static}/**/*`,
		`${folder}/*.{ts,js,json}`,
		'dist',
		'package-lock.json'
	]);
