// Options as they are written, also by whoever writes them without types.

/** Leaves out what is undefined, so that it does not hide a default. */
export function defined<Options extends object>(options: Options): Options {
	return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined)) as Options;
}

/**
 * An option by a name that is not known must not be left out in silence: it may be a rule of access.
 * @param known has the names that there are
 * @param what has the options, as the error calls it
 * @throws {TypeError}
 */
export function assertOptions(options: object, known: object, what: string): void {
	const unknown = Object.keys(options).find((name) => !Object.hasOwn(known, name));
	if (unknown === undefined) return;
	throw new TypeError(`${what} has no option "${unknown}"; it has ${Object.keys(known).join(', ')}`);
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
