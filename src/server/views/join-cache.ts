// What a join has looked up, for the rows of one group. Each id is asked for once at a time, and again when it is too old
// or could not be found out.

import type { Clock } from '../../base/clock.ts';
import { isPromise, whenDone, type MaybePromise } from '../../base/maybe-promise.ts';
import type { LiveContext } from '../context.ts';
import { withTimeout } from '../timeout.ts';
import type { Join } from './view.ts';

export interface JoinParts {
	readonly context: LiveContext;
	readonly clock: Clock;
	readonly timeoutMs: number;
	readonly maxRemembered: number;
	readonly onError: (error: unknown) => void;
}

interface Found {
	readonly value: unknown;
	readonly atMs: number;
}

export class JoinCache {
	readonly #join: Join;
	readonly #parts: JoinParts;
	readonly #found = new Map<unknown, Found>();
	readonly #asked = new Map<unknown, PromiseLike<void>>();

	constructor(join: Join, parts: JoinParts) {
		this.#join = join;
		this.#parts = parts;
	}

	/** Looks up what these rows need. A lookup that fails is reported, and its rows go on without. */
	fill(rows: readonly unknown[]): MaybePromise<void> {
		const ids = new Set(rows.map((row) => this.#idOf(row)).filter((id) => id !== undefined && id !== null));
		const missing = [...ids].filter((id) => !this.#isFresh(id) && !this.#asked.has(id));
		const asked = missing.length > 0 ? this.#ask(missing) : undefined;
		const others = new Set([...ids].flatMap((id) => this.#asked.get(id) ?? []));
		if (others.size === 0) return asked;
		return Promise.all(others).then(() => undefined);
	}

	/** The row with what was found; undefined where nothing was. */
	joined(row: unknown): unknown {
		return { ...(row as object), [this.#join.as]: this.#found.get(this.#idOf(row))?.value };
	}

	#idOf(row: unknown): unknown {
		return (row as Record<string, unknown> | null | undefined)?.[this.#join.field];
	}

	#isFresh(id: unknown): boolean {
		const found = this.#found.get(id);
		return found !== undefined && this.#parts.clock.now() - found.atMs <= this.#join.maxAgeMs;
	}

	#ask(ids: readonly unknown[]): MaybePromise<void> {
		const { clock, context, timeoutMs } = this.#parts;
		for (const id of ids) this.#found.delete(id);
		try {
			const answer = this.#join.resolve(ids, context);
			if (!isPromise(answer)) return this.#keep(ids, answer);
			const timed = withTimeout(answer, { clock, limitMs: timeoutMs, what: `join on "${this.#join.field}"` });
			const done = whenDone(timed, (found) => this.#keep(ids, found)) as PromiseLike<void>;
			const settled = done.then(
				() => this.#settle(ids),
				(error: unknown) => (this.#settle(ids), this.#parts.onError(error))
			);
			for (const id of ids) this.#asked.set(id, settled);
			return settled;
		} catch (error) {
			this.#parts.onError(error);
		}
	}

	#settle(ids: readonly unknown[]): void {
		for (const id of ids) this.#asked.delete(id);
	}

	#keep(ids: readonly unknown[], found: ReadonlyMap<unknown, unknown>): void {
		const atMs = this.#parts.clock.now();
		for (const id of ids) this.#found.set(id, { value: found.get(id), atMs });
		for (const id of this.#found.keys()) {
			if (this.#found.size <= this.#parts.maxRemembered) return;
			this.#found.delete(id);
		}
	}
}
