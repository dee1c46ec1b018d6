// What options have in common.

/** Leaves out what is undefined, so that it does not hide a default. */
export function defined<Options extends object>(options: Options): Options {
	return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined)) as Options;
}

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
