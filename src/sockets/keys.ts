// One-time addresses that wait for their upgrade. Invariants: an address is taken at most once, by its owner; one that is not
// used is freed, with its handler, when its time is over.

import { systemClock, type Clock, type Timer } from '../base/clock.ts';
import { LiveError } from '../base/errors.ts';
import { randomName } from '../base/random.ts';
import type { KeyLimits } from './limits.ts';
import { ownerKey, type Owner } from './owner.ts';
import { randomSecret, sameSecret } from './secret.ts';

/** What an address leads to. */
export interface Waiting<Target> {
	readonly owner: Owner;
	readonly target: Target;
}

interface Entry<Target> extends Waiting<Target> {
	readonly secret: string;
	readonly timer: Timer;
}

export class OneTimeKeys<Target> {
	readonly #limits: KeyLimits;
	readonly #clock: Clock;
	readonly #entries = new Map<string, Entry<Target>>();
	readonly #counts = new Map<string, number>();

	constructor(limits: KeyLimits, clock: Clock = systemClock) {
		this.#limits = limits;
		this.#clock = clock;
	}

	get size(): number {
		return this.#entries.size;
	}

	/**
	 * Returns a key: a name to look it up by, and a secret of 256 bits.
	 * @throws {LiveError} TOO_MANY
	 */
	add(waiting: Waiting<Target>): string {
		const { keyTtlMs, keysPerSession, maxKeys } = this.#limits;
		const count = this.#counts.get(ownerKey(waiting.owner)) ?? 0;
		if (count >= keysPerSession) throw this.#tooMany(`the session has ${count}`, 'keysPerSession');
		if (this.size >= maxKeys) throw this.#tooMany(`there are ${maxKeys}`, 'maxKeys');
		const [name, secret] = [randomName(), randomSecret()];
		const timer = this.#clock.setTimer(() => this.#drop(name), keyTtlMs);
		this.#entries.set(name, { ...waiting, secret, timer });
		this.#counts.set(ownerKey(waiting.owner), count + 1);
		return `${name}.${secret}`;
	}

	#tooMany(what: string, limit: keyof KeyLimits): LiveError {
		const message = `${what} addresses that nobody has used yet; the limit is "${limit}"`;
		return new LiveError('TOO_MANY', message, { retryAfterMs: this.#limits.keyTtlMs });
	}

	/** What a key leads to; undefined where it is unknown, was used, or is too old. */
	find(key: string): Waiting<Target> | undefined {
		return this.#entryOf(key);
	}

	/** Uses a key up. Returns whether it was still there: of all who ask at the same time, one hears yes. */
	take(key: string): boolean {
		return this.#entryOf(key) !== undefined && this.#drop(nameOf(key));
	}

	clear(): void {
		for (const name of [...this.#entries.keys()]) this.#drop(name);
	}

	#entryOf(key: string): Entry<Target> | undefined {
		const name = nameOf(key);
		const entry = this.#entries.get(name);
		return entry && sameSecret(key.slice(name.length + 1), entry.secret) ? entry : undefined;
	}

	#drop(name: string): boolean {
		const entry = this.#entries.get(name);
		if (entry === undefined) return false;
		this.#entries.delete(name);
		this.#clock.clearTimer(entry.timer);
		const owner = ownerKey(entry.owner);
		const left = (this.#counts.get(owner) ?? 1) - 1;
		if (left === 0) this.#counts.delete(owner);
		else this.#counts.set(owner, left);
		return true;
	}
}

const nameOf = (key: string): string => key.slice(0, Math.max(0, key.indexOf('.')));
