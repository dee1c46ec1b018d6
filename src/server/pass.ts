// The end of a pass of the event loop: everything that a connection is sent within one pass leaves in one write, and events of
// the pass before it. Measures how long passes take.

import type { Clock } from '../base/clock.ts';
import type { Hub } from './hub.ts';
import type { LiveConnection } from './live-connection.ts';
import type { Overload } from './overload.ts';

interface PassParts {
	readonly clock: Clock;
	readonly hub: Pick<Hub, 'flush'>;
	readonly admission: { readonly overload: Overload };
}

export class Pass {
	readonly #clock: Clock;
	/** Known when the first pass ends. */
	readonly #parts: () => PassParts;
	/** Connections with something to send, each once. */
	#unflushed: LiveConnection[] = [];
	#isScheduled = false;
	#beganMs = 0;

	constructor(clock: Clock, parts: () => PassParts) {
		this.#clock = clock;
		this.#parts = parts;
	}

	/** @param sinceMs when what it answers began to be handled. @default now */
	add(connection: LiveConnection, sinceMs?: number): void {
		this.#unflushed.push(connection);
		this.schedule(sinceMs);
	}

	schedule(sinceMs?: number): void {
		if (this.#isScheduled) return;
		this.#isScheduled = true;
		this.#beganMs = sinceMs ?? this.#clock.now();
		this.#clock.defer(() => this.#end());
	}

	#end(): void {
		const { hub, admission, clock } = this.#parts();
		const now = clock.now();
		admission.overload.measured(now - this.#beganMs, now);
		try {
			hub.flush();
		} finally {
			this.#isScheduled = false;
		}
		const connections = this.#unflushed;
		this.#unflushed = [];
		for (const connection of connections) connection.flush();
	}
}
