// Every scenario of injection.ts with an event at every moment: `node every-moment.ts` prints what went wrong first.

import { runInjection, SCENARIO_NAMES, type Injection, type Scenario } from './injection.ts';

export const INJECTION_MODES = ['memory', 'cluster'] as const;

export interface MomentsResult {
	/** How many moments were tried. */
	moments: number;
	violation: string | null;
}

export async function everyMoment(scenario: Scenario, mode: Injection['mode']): Promise<MomentsResult> {
	for (let moments = 0; ; moments++) {
		const injection: Injection = { seed: 7, mode, scenario, moments: [moments] };
		const { violation, steps } = await runInjection(injection);
		if (violation !== null) return { moments, violation: `${JSON.stringify(injection)}: ${violation}` };
		if (moments >= steps) return { moments, violation: null };
	}
}

async function firstViolation(): Promise<string | null> {
	for (const scenario of SCENARIO_NAMES) {
		for (const mode of INJECTION_MODES) {
			const { violation } = await everyMoment(scenario, mode);
			if (violation !== null) return violation;
		}
	}
	return null;
}

if (import.meta.main) process.stdout.write(JSON.stringify(await firstViolation()));
