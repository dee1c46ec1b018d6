// What each process says of the keys of one topic, and what is shown of them. Several processes may say something of a key:
// what was said last counts, by stamps that grow with everything that is said. Invariant: whoever knows the same claims
// shows the same rows, whatever the order in which they came.

import type { ValueText } from '../../protocol/value.ts';

/** What a process says of a key; a text of null takes it back. */
export type Claim = readonly [key: string, stamp: number, text: ValueText | null];

/** What a process claims, as the store has it. */
export interface LoadedClaims {
	readonly claims: Map<string, Claim>;
	/** Whether the process has ended in order. */
	hasLeft: boolean;
}

interface Said {
	readonly stamp: number;
	readonly text: ValueText;
}

export class Claims {
	/** By key, then by process. */
	readonly #byKey = new Map<string, Map<string, Said>>();
	readonly #shown = new Map<string, ValueText>();
	readonly #onShow: (key: string, text: ValueText | null) => void;

	/** @param onShow told of every difference in what is shown; null where a key is gone */
	constructor(onShow: (key: string, text: ValueText | null) => void) {
		this.#onShow = onShow;
	}

	/** What is shown, by key. */
	get shown(): ReadonlyMap<string, ValueText> {
		return this.#shown;
	}

	/** A stamp for something new: greater than that of everything known of the key. */
	nextStamp(key: string): number {
		let stamp = 0;
		for (const said of this.#byKey.get(key)?.values() ?? []) stamp = Math.max(stamp, said.stamp);
		return stamp + 1;
	}

	apply(process: string, [key, stamp, text]: Claim): void {
		const said = this.#byKey.get(key) ?? new Map<string, Said>();
		if (text === null) said.delete(process);
		else said.set(process, { stamp, text });
		if (said.size === 0) this.#byKey.delete(key);
		else this.#byKey.set(key, said);
		this.#show(key, said);
	}

	/** What a process says of a key. */
	claimOf(process: string, key: string): Claim {
		const said = this.#byKey.get(key)?.get(process);
		return said === undefined ? [key, 0, null] : [key, said.stamp, said.text];
	}

	/** A process says this and nothing else. */
	replace(process: string, claims: readonly Claim[]): void {
		for (const claim of claims) this.apply(process, claim);
		this.retain(process, new Set(claims.map(([key]) => key)));
	}

	/** A process says nothing of other keys than these. */
	retain(process: string, keys: Pick<ReadonlySet<string>, 'has'>): void {
		for (const key of this.keysOf(process)) if (!keys.has(key)) this.apply(process, [key, 0, null]);
	}

	/** Every process that says something. */
	get processes(): Set<string> {
		return new Set([...this.#byKey.values()].flatMap((said) => [...said.keys()]));
	}

	keysOf(process: string): string[] {
		return [...this.#byKey].flatMap(([key, said]) => (said.has(process) ? [key] : []));
	}

	#show(key: string, said: ReadonlyMap<string, Said>): void {
		const text = lastOf(said);
		if (text === (this.#shown.get(key) ?? null)) return;
		if (text === null) this.#shown.delete(key);
		else this.#shown.set(key, text);
		this.#onShow(key, text);
	}
}

/** Of two with the same stamp that of the greater name, so that all processes agree. */
function lastOf(said: ReadonlyMap<string, Said>): ValueText | null {
	let last: (Said & { process: string }) | null = null;
	for (const [process, each] of said) {
		const isLater =
			last === null || each.stamp > last.stamp || (each.stamp === last.stamp && process > last.process);
		if (isLater) last = { ...each, process };
	}
	return last?.text ?? null;
}

/** Adds to what was loaded what a process has said since. */
export function sayIn(loaded: Map<string, LoadedClaims>, process: string, claim: Claim): void {
	const { claims } = claimsIn(loaded, process);
	const [key, , text] = claim;
	if (text === null) claims.delete(key);
	else claims.set(key, claim);
}

/** What was loaded of a process, to be added to. */
export function claimsIn(loaded: Map<string, LoadedClaims>, process: string): LoadedClaims {
	const known = loaded.get(process) ?? { claims: new Map<string, Claim>(), hasLeft: false };
	loaded.set(process, known);
	return known;
}
