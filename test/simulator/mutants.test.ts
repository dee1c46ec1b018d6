// The simulator proves something only if it finds defects: every one of mutants.ts must be found, by the same seeds that
// the sources as they are pass.

import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { removeCopies } from '../support/mutated-copy.ts';
import type { Subject } from './history.ts';
import { HAND_OVER_MUTANTS, makeCopy, MUTANTS, PAGE_MUTANTS } from './mutants.ts';
import { PEOPLE_MUTANTS } from './people/people-mutants.ts';
import { runInPool, runScript } from './pool.ts';
import { SEED, STEPS } from './settings.ts';

/** Histories within which a defect has to be found. */
const LIMIT = 3_000;

const SUBJECTS = [
	['streams', MUTANTS],
	['pages', PAGE_MUTANTS],
	['people', PEOPLE_MUTANTS]
] as const;

const DEFECTS = SUBJECTS.flatMap(([subject, mutants]) => mutants.map((mutant) => ({ subject, ...mutant })));

/** The seeds that found a defect. */
const found = new Map<Subject, number[]>(SUBJECTS.map(([subject]) => [subject, []]));

/** Tens of thousands of files, on a disk that others use, too. */
const REMOVING_MS = 60_000;

afterAll(() => removeCopies('simulator'), REMOVING_MS);

for (const [index, { subject, title, edits }] of DEFECTS.entries()) {
	it.runIf(SEED === undefined)(`finds that ${title}`, async () => {
		const folder = makeCopy(`mutant-${index}`, edits);
		const { failed } = await runInPool({ folder, first: 1, count: LIMIT, steps: STEPS, range: 60, subject });
		expect(failed, `not found in ${LIMIT} histories: ${title}`).not.toBeNull();
		found.get(subject)?.push(failed?.seed ?? 0);
		process.stdout.write(`found by seed ${failed?.seed}: ${title}\n    ${failed?.violation?.slice(0, 200)}\n`);
	});
}

for (const [index, { title, edits }] of HAND_OVER_MUTANTS.entries()) {
	it.runIf(SEED === undefined)(`finds, with an event at every moment, that ${title}`, async () => {
		const violation = await runScript(join(makeCopy(`hand-over-${index}`, edits), 'every-moment.ts'));
		expect(violation).toBeTypeOf('string');
		process.stdout.write(`found: ${title}\n    ${String(violation).slice(0, 200)}\n`);
	});
}

it.runIf(SEED === undefined)('the sources as they are pass the seeds that find the defects', async () => {
	const folder = makeCopy('unchanged', []);
	for (const [subject, seeds] of found) {
		const { failed } = await runInPool({ folder, first: 1, count: Math.max(...seeds), steps: STEPS, subject });
		expect(failed?.violation).toBeUndefined();
	}
	expect(await runScript(join(folder, 'every-moment.ts'))).toBeNull();
	expect([...found.values()].flat()).toHaveLength(DEFECTS.length);
});
