// Collects what users are to be told until everything that belongs together has happened: a frame with a hundred events
// notifies each listener once, and no listener ever sees, or re-enters, a half-made change.

export class Updates {
	#depth = 0;
	readonly #changed = new Set<() => void>();
	#notices: (() => void)[] = [];

	/** Does `work` and then publishes what it changed, unless it runs inside another one. */
	run<Result>(work: () => Result): Result {
		this.#depth++;
		try {
			return work();
		} finally {
			if (--this.#depth === 0) this.#publish();
		}
	}

	/** Calls `publish` when the outermost `run` ends; once, however often it is given. */
	changed(publish: () => void): void {
		this.run(() => this.#changed.add(publish));
	}

	/** Calls a hook of the application when the outermost `run` ends. */
	notice(call: () => void): void {
		this.run(() => this.#notices.push(call));
	}

	#publish(): void {
		const changed = [...this.#changed];
		const notices = this.#notices;
		this.#changed.clear();
		this.#notices = [];
		for (const publish of changed) publish();
		for (const call of notices) callSafely(call);
	}
}

/** Calls code of the application. What it throws is reported as uncaught and does not disturb the client. */
export function callSafely(call: () => void): void {
	try {
		call();
	} catch (error) {
		queueMicrotask(() => {
			throw error;
		});
	}
}

/** Calls every listener, also those that others remove meanwhile. */
export function callAll(listeners: Iterable<() => void>): void {
	for (const listener of [...listeners]) callSafely(listener);
}
