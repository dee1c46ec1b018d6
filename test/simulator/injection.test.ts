// An event at any moment of subscribe, load and hand-over is neither lost nor applied twice.

import { describe, expect, it } from 'vitest';
import { Random } from '../../src/testing/random.ts';
import { everyMoment, INJECTION_MODES } from './every-moment.ts';
import { runInjection, SCENARIO_NAMES, type Injection } from './injection.ts';
import { HISTORIES, SEED } from './settings.ts';

describe.runIf(SEED === undefined)('an event published at every moment of', () => {
	for (const scenario of SCENARIO_NAMES) {
		for (const mode of INJECTION_MODES) {
			it(`${scenario}, ${mode}, arrives exactly once`, async () => {
				const { moments, violation } = await everyMoment(scenario, mode);
				expect(violation).toBeNull();
				expect(moments).toBeGreaterThan(100);
			});
		}
	}
});

const RUNS = Math.min(HISTORIES, 10_000);

it.runIf(SEED === undefined)(`events at random moments of ${RUNS} random runs arrive exactly once`, async () => {
	const random = new Random(1);
	for (let run = 0; run < RUNS; run++) {
		const injection: Injection = {
			seed: run,
			mode: random.pick(INJECTION_MODES),
			scenario: random.pick(SCENARIO_NAMES),
			moments: Array.from({ length: random.between(1, 4) }, () => random.below(400)),
			maxDelayMs: random.pick([0, 1, 5])
		};
		const { violation } = await runInjection(injection);
		expect(violation, JSON.stringify(injection)).toBeNull();
	}
});
