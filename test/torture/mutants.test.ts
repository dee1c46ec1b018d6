// The campaign proves something only if it finds defects: of the backplane, by what stands between it and the server, and of
// the sources, in changed copies.

import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { mutatedCopy, removeCopies, type Edit } from '../support/mutated-copy.ts';
import type { Defect } from './messages.ts';
import { runAll } from './pool.ts';
import { CHOSEN, IS_LONG, report } from './settings.ts';

/** Histories within which a defect has to be found. */
const LIMIT = 60;

/** What is found within seconds. */
const QUICK: readonly (readonly [title: string, defect: Defect])[] = [
	['a log that took the place of another one has the same epoch', 'constant epoch'],
	['what is acknowledged is not always stored', 'lost append']
];

/** What takes a minute each: for long runs. */
const SLOW: typeof QUICK = [
	['what may be stored is stored again', 'repeated append'],
	['a revoked session goes on', 'deaf to revocation']
];

const EDITS: readonly (readonly [title: string, edits: readonly Edit[]])[] = [
	[
		'holes between offsets are not noticed',
		[
			{
				file: 'client/stream.ts',
				find: 'if (offset > last.offset + 1) return this.#catchUp(last);',
				replace: ''
			},
			{
				file: 'server/hub-topic.ts',
				find: 'delivery.offset === this.#head + 1 &&',
				replace: 'delivery.offset > this.#head &&'
			}
		]
	]
];

/** Runs histories until one goes wrong. Prints how it did. */
async function expectFound(title: string, defect: Defect | null, folder: string): Promise<void> {
	const tasks = Array.from(
		{ length: LIMIT },
		(_, index) => ({ seed: index + 1, backplane: 'redis', defect }) as const
	);
	const failed = (await runAll(tasks, { folder })).find(({ violation }) => violation !== null);
	expect(failed, `not found in ${LIMIT} histories: ${title}`).toBeDefined();
	report(failed!);
	process.stdout.write(`found by seed ${failed!.seed}: ${title}\n    ${failed!.violation?.slice(0, 200)}\n`);
}

describe.runIf(CHOSEN.includes('redis'))('finds that', { timeout: 600_000 }, () => {
	afterAll(() => removeCopies('torture'));

	it.each(IS_LONG ? [...QUICK, ...SLOW] : QUICK)('%s', (title, defect) =>
		expectFound(title, defect, import.meta.dirname)
	);

	it.runIf(IS_LONG).each(EDITS)('%s', (title, edits) => {
		const copy = mutatedCopy({ campaign: 'torture', name: 'mutant', edits, folders: ['torture', 'support'] });
		return expectFound(title, null, join(copy, 'torture'));
	});
});
