// What a step of the tests came to, in numbers that add up to the last line of `npm test`.

export interface Outcome {
	passed: number;
	failed: number;
	skipped: number;
	/** What failed, by name and first lines, where the step knows: repeated at the end, since that is what is read. */
	failures?: string[];
}

/** One check that passed or failed. */
export function check(passed: boolean): Outcome {
	return { passed: passed ? 1 : 0, failed: passed ? 0 : 1, skipped: 0 };
}

/** One check that could not run here; says why. */
export function skip(reason: string): Outcome {
	console.log(`skipped: ${reason}`);
	return { passed: 0, failed: 0, skipped: 1 };
}

/** A check with a line of its own, for steps that make several. */
export function namedCheck(name: string, passed: boolean): Outcome {
	console.log(`${passed ? '✓' : '✗'} ${name}`);
	return passed ? check(true) : { ...check(false), failures: [name] };
}

export function sum(outcomes: Iterable<Outcome>): Outcome {
	const failures: string[] = [];
	const total: Outcome = { passed: 0, failed: 0, skipped: 0, failures };
	for (const outcome of outcomes) {
		total.passed += outcome.passed;
		total.failed += outcome.failed;
		total.skipped += outcome.skipped;
		failures.push(...(outcome.failures ?? []));
	}
	return total;
}

/** `N passed, N failed`, and `, N skipped` when there were any. */
export function describe({ passed, failed, skipped }: Outcome): string {
	return `${passed} passed, ${failed} failed${skipped ? `, ${skipped} skipped` : ''}`;
}
