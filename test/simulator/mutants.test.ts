// The simulator proves something only if it finds defects: every one of mutants.ts must be found, by the same seeds that
// the sources as they are pass.

import { afterAll, expect, it } from 'vitest';
import { makeCopy, MUTANTS, removeCopies } from './mutants.ts';
import { runInPool } from './pool.ts';
import { SEED, STEPS } from './settings.ts';

/** Histories within which a defect has to be found. */
const LIMIT = 3_000;

const found: number[] = [];

afterAll(removeCopies);

for (const [index, { title, edits }] of MUTANTS.entries()) {
	it.runIf(SEED === undefined)(`finds that ${title}`, async () => {
		const folder = makeCopy(`mutant-${index}`, edits);
		const { failed } = await runInPool({ folder, first: 1, count: LIMIT, steps: STEPS, range: 60 });
		expect(failed, `not found in ${LIMIT} histories: ${title}`).not.toBeNull();
		found.push(failed?.seed ?? 0);
		process.stdout.write(`found by seed ${failed?.seed}: ${title}\n    ${failed?.violation?.slice(0, 200)}\n`);
	});
}

it.runIf(SEED === undefined)('the sources as they are pass the seeds that find the defects', async () => {
	const folder = makeCopy('unchanged', []);
	const { failed } = await runInPool({ folder, first: 1, count: Math.max(...found), steps: STEPS });
	expect(failed?.violation).toBeUndefined();
	expect(found).toHaveLength(MUTANTS.length);
});
