// The limits of a server: the defaults of the protocol, and what the application says instead.

import { assertOptions, defined } from '../base/options.ts';
import { DEFAULT_LIMITS, type Limits } from '../protocol/limits.ts';

/**
 * @throws {TypeError} where there is no limit of a name
 * @throws {RangeError} where one is no number, or below 0
 */
export function limitsFrom(given: Partial<Limits> = {}): Limits {
	assertOptions(given, DEFAULT_LIMITS, '"limits"');
	const own = defined(given);
	for (const [name, value] of Object.entries(own)) {
		if (typeof value === 'number' && value >= 0) continue;
		throw new RangeError(`the limit "${name}" must be a number that is not below 0, not ${String(value)}`);
	}
	return { ...DEFAULT_LIMITS, ...own };
}
