// What took effect, and who was let do what how often: by what the handlers did.

import { POINTS, WINDOW_MS } from './people-app.ts';
import type { TruthOptions } from './truth.ts';

/** How long an answer may take until it is kept. */
const WRITTEN_MS = 1_000;

export class Payments {
	readonly #options: TruthOptions;
	readonly #effects = new Map<string, number>();
	/** When it was asked for first, and answered first. */
	readonly #askedMs = new Map<string, number>();
	readonly #answeredMs = new Map<string, number>();
	/** When processes ended. */
	readonly #endsMs: number[] = [];
	readonly #pings = new Map<string, number[]>();
	#number = 0;

	constructor(options: TruthOptions) {
		this.#options = options;
	}

	/** Somebody asks for it. */
	asked(name: string): void {
		if (!this.#askedMs.has(name)) this.#askedMs.set(name, this.#options.now());
	}

	/** Somebody has got the answer. */
	answered(name: string): void {
		if (!this.#answeredMs.has(name)) this.#answeredMs.set(name, this.#options.now());
	}

	/** Returns the number of the receipt. */
	takesEffect(name: string): number {
		if (this.#effects.has(name)) this.#options.violate(`${name} took effect a second time`);
		this.#effects.set(name, ++this.#number);
		return this.#number;
	}

	/** The number of the receipt; undefined where nothing took effect. */
	receiptOf(name: string): number | undefined {
		return this.#effects.get(name);
	}

	processEnded(): void {
		this.#endsMs.push(this.#options.now());
	}

	/** Whether a process may have ended on the way, so that nobody knows how far it came. */
	isUnknown(name: string): boolean {
		const answeredMs = this.#answeredMs.get(name);
		const [fromMs, untilMs] =
			answeredMs === undefined
				? [this.#askedMs.get(name) ?? 0, Infinity]
				: [answeredMs - WRITTEN_MS, answeredMs + WRITTEN_MS];
		return this.#endsMs.some((endMs) => endMs >= fromMs && endMs <= untilMs);
	}

	/** Somebody was let do what is limited. */
	pinged(user: string): void {
		const now = this.#options.now();
		const recent = [...(this.#pings.get(user) ?? []).filter((atMs) => atMs > now - WINDOW_MS), now];
		this.#pings.set(user, recent);
		// A window that slides is estimated by two that do not.
		if (recent.length >= 2 * POINTS)
			this.#options.violate(`${user} was let through ${recent.length} times in ${WINDOW_MS} ms`);
	}
}
