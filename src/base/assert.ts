// Two ways to say that something cannot happen: at compile time, and at run time.

/** Fails to compile where a union has a member that the caller did not handle. */
export function assertNever(value: never): never {
	throw new Error(`unhandled case: ${JSON.stringify(value)}`);
}

/** Throws when an invariant of our own code is broken; never used on input. */
export function assert(condition: unknown, message: string): asserts condition {
	if (!condition) throw new Error(`tidewire invariant broken: ${message}`);
}
