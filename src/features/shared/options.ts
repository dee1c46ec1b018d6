// What options have in common.

/** @throws {RangeError} where one of these is not above 0 */
export function checkPositive<Name extends string>(
	options: Readonly<Record<Name, unknown>>,
	names: readonly Name[]
): void {
	for (const name of names) {
		const value = options[name];
		if (!(typeof value === 'number' && value > 0)) {
			throw new RangeError(`"${name}" must be a number above 0, not ${String(value)}`);
		}
	}
}
