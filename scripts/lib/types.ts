// Type checks by tsc. A type test (`x.test-d.ts`) is plain TypeScript: what must compile stands there, what must not
// is marked `@ts-expect-error`, and types are compared by vitest's `expectTypeOf`. Each such file counts as a check.
import { globSync } from 'node:fs';
import type { Outcome } from './outcome.ts';
import { namedCheck, sum } from './outcome.ts';
import { capture, root } from './run.ts';

export async function checkTypes(): Promise<Outcome> {
	return sum([await checkProject(), await checkPortable(), await checkBenchmarks()]);
}

async function checkProject(): Promise<Outcome> {
	const { code, output } = await capture('tsc', ['-p', 'tsconfig.json', '--pretty', 'false']);
	process.stdout.write(output);
	const tests = globSync('src/**/*.test-d.ts', { cwd: root }).toSorted();
	const broken = new Set(Array.from(output.matchAll(/^(\S[^(\n]*)\(\d+,\d+\): error/gm), ([, file]) => file));
	const elsewhere = code !== 0 && (broken.size === 0 || [...broken].some((file) => !tests.includes(file ?? '')));
	return sum([
		namedCheck('types of src, test and scripts', !elsewhere),
		...tests.map((file) => namedCheck(file, !broken.has(file)))
	]);
}

/** The folders that also run in browsers and workers compile without Node's types. */
async function checkPortable(): Promise<Outcome> {
	const { code, output } = await capture('tsc', ['-p', 'tsconfig.portable.json', '--pretty', 'false']);
	process.stdout.write(output);
	return namedCheck('the portable folders use nothing of Node', code === 0);
}

/** They have dependencies of their own, so they are a project of their own. */
async function checkBenchmarks(): Promise<Outcome> {
	const { code, output } = await capture('tsc', ['-p', 'bench/tsconfig.json', '--pretty', 'false']);
	process.stdout.write(output);
	return namedCheck('types of the benchmarks', code === 0);
}
