// A rate limit of the whole application: counters in the shared store, read and added to in one round trip. Whoever was refused
// is refused by this process alone until it makes sense to ask again.

import type { Clock } from '../../base/clock.ts';
import type { SharedStore } from '../../server/shared-store.ts';
import { assertWindow, waitMs, type WindowSpec } from '../../server/sliding-window.ts';

export interface RateLimitSpec extends WindowSpec {
	/** For how long whoever goes over it is refused everything, in milliseconds. @default 0: until there is room again */
	blockMs?: number;
}

export interface RateVerdict {
	readonly allowed: boolean;
	/** What fits still; 0 where it was refused. */
	readonly remaining: number;
	/** When to try again, in milliseconds; 0 where it was allowed. */
	readonly retryAfterMs: number;
}

export interface LimiterHost {
	readonly store: SharedStore;
	readonly clock: Clock;
}

/** So many refusals are remembered; the store knows of the others. */
const MAX_REFUSALS = 10_000;

export class RateLimiter {
	readonly #name: string;
	readonly #spec: RateLimitSpec;
	readonly #host: LimiterHost;
	/** Until when somebody is refused without asking, by our monotonic clock. */
	readonly #refused = new Map<string, number>();

	/** @param name tells budgets apart: limiters of one name count together */
	constructor(name: string, spec: RateLimitSpec, host: LimiterHost) {
		assertWindow(spec);
		this.#name = name;
		this.#spec = spec;
		this.#host = host;
	}

	/**
	 * Takes `cost` points of a key, or none.
	 * @throws {RangeError} for a cost that never fits
	 * @throws {LiveError} UNAVAILABLE where the store cannot be reached
	 */
	async consume(key: string, cost = 1): Promise<RateVerdict> {
		if (!(Number.isInteger(cost) && cost > 0))
			throw new RangeError(`a cost must be a whole number above 0, not ${cost}`);
		const refusedMs = (this.#refused.get(key) ?? 0) - this.#host.clock.now();
		if (refusedMs > 0) return refusal(refusedMs);
		const { current, previous, elapsedMs, banned } = await this.#add(key, cost);
		const before = { current: current - cost, previous, elapsedMs };
		const wait = banned > 0 ? Math.max(1, this.#spec.blockMs ?? 0) : waitMs(before, this.#spec, cost);
		if (wait === 0)
			return { allowed: true, remaining: this.#remaining(current, previous, elapsedMs), retryAfterMs: 0 };
		await this.#add(key, -cost);
		const { blockMs = 0 } = this.#spec;
		if (blockMs > 0 && banned <= 0) await this.ban(key, blockMs);
		return this.#refuse(key, Math.max(wait, blockMs));
	}

	/** Forgets what a key has used. */
	async reset(key: string): Promise<void> {
		this.#refused.delete(key);
		const [current, previous] = this.#keys(key, this.#index());
		await this.#clear(current, previous);
	}

	/** Refuses a key for a while. */
	async ban(key: string, ms: number): Promise<void> {
		await this.#host.store.count([{ key: this.#banKey(key), by: 1, ttlMs: ms }]);
		this.#refuse(key, ms);
	}

	/** Ends a ban. Other processes that refused meanwhile go on to for as long as they told. */
	async unban(key: string): Promise<void> {
		this.#refused.delete(key);
		await this.#clear(this.#banKey(key));
	}

	async #add(key: string, by: number) {
		const { windowMs } = this.#spec;
		const now = this.#host.clock.wallTime();
		const index = this.#index();
		const [currentKey, previousKey] = this.#keys(key, index);
		const ttlMs = 2 * windowMs;
		const [current = 0, previous = 0, banned = 0] = await this.#host.store.count([
			{ key: currentKey, by, ttlMs },
			{ key: previousKey, by: 0, ttlMs },
			{ key: this.#banKey(key), by: 0, ttlMs }
		]);
		return { current, previous, banned, elapsedMs: now - index * windowMs };
	}

	#index(): number {
		return Math.floor(this.#host.clock.wallTime() / this.#spec.windowMs);
	}

	#keys(key: string, index: number): [string, string] {
		const prefix = `rate/${this.#name}/${key}`;
		return [`${prefix}/${index}`, `${prefix}/${index - 1}`];
	}

	#banKey(key: string): string {
		return `rate-ban/${this.#name}/${key}`;
	}

	async #clear(...keys: string[]): Promise<void> {
		const { store } = this.#host;
		const ttlMs = 2 * this.#spec.windowMs;
		const counts = await store.count(keys.map((key) => ({ key, by: 0, ttlMs })));
		await store.count(keys.map((key, index) => ({ key, by: -(counts[index] ?? 0), ttlMs })));
	}

	#remaining(current: number, previous: number, elapsedMs: number): number {
		const { points, windowMs } = this.#spec;
		return Math.max(0, Math.floor(points - current - previous * (1 - elapsedMs / windowMs)));
	}

	#refuse(key: string, ms: number): RateVerdict {
		this.#refused.delete(key);
		this.#refused.set(key, this.#host.clock.now() + ms);
		const [oldest] = this.#refused.keys();
		if (this.#refused.size > MAX_REFUSALS && oldest !== undefined) this.#refused.delete(oldest);
		return refusal(ms);
	}
}

const refusal = (ms: number): RateVerdict => ({ allowed: false, remaining: 0, retryAfterMs: Math.ceil(ms) });
