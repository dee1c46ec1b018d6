// The end of a stream, for what waits at its expense: what hangs must not be waited for when nobody wants it any more.

export class Closing {
	/** Null where nothing waits, as most of the time: what is remembered is kept as long as the stream. */
	#waiting: Set<() => void> | null = null;

	close(): void {
		for (const end of this.#waiting ?? []) end();
	}

	/** The outcome, or null when the end comes first. */
	before<Outcome>(outcome: Promise<Outcome>): Promise<Outcome | null> {
		const { promise, resolve, reject } = Promise.withResolvers<Outcome | null>();
		const end = (): void => resolve(null);
		(this.#waiting ??= new Set()).add(end);
		outcome.then(resolve, reject);
		return promise.finally(() => this.#forget(end));
	}

	#forget(end: () => void): void {
		this.#waiting?.delete(end);
		if (this.#waiting?.size === 0) this.#waiting = null;
	}
}
