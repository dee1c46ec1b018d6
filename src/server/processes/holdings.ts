// Entries in groups that end with the process that made them: who is present, for example. When a process is killed, the
// others stop seeing its entries as soon as they miss it, and clear them away later. One that ends in order may leave some of them
// to the others, for a while. Invariant: what a process may have entered is found by way of `HOLDERS`, also when no process
// was left to see its end, or ends by itself.

import type { Clock, Timer } from '../../base/clock.ts';
import type { GroupMember, SharedStore } from '../shared-store.ts';
import type { Roster } from './roster.ts';

export interface HoldingsOptions {
	store: SharedStore;
	clock: Clock;
	roster: Roster;
	/** Told of clearing away that failed; whoever starts or misses a process next tries again. */
	onError: (error: unknown) => void;
}

/** One entry, as every process sees it. */
export interface HeldEntry {
	/** The process that made it. */
	readonly process: string;
	readonly key: string;
	readonly value: string;
	/** The process has ended in order, or is about to, and this is still there for a while. */
	readonly isLeft: boolean;
}

/** When is cleared away what those held that are missed: others may still see them, and spare them a little. */
const CLEAR_MS = 5_000;
/** The processes that may hold something. */
const HOLDERS = 'holders';
const groupsOf = (process: string): string => `held by ${process}`;
const groupKey = (group: string): string => `held/${group}`;
/** What a value begins with: whether its process holds it, or has left it. */
const [HELD, LEFT] = ['=', '-'];

export class Holdings {
	readonly #options: HoldingsOptions;
	/** What this process holds: values by key, by group. */
	readonly #own = new Map<string, Map<string, string>>();
	/** Groups that are known to hold something of this process, or will be in a moment. */
	readonly #announced = new Map<string, Promise<void>>();
	/** Groups that are being forgotten: what is announced comes after that. */
	readonly #forgetting = new Map<string, Promise<void>>();
	readonly #timers = new Set<Timer>();
	#stopListening = (): void => {};

	constructor(options: HoldingsOptions) {
		this.#options = options;
	}

	/** The roster has been started. */
	start(): void {
		this.#stopListening = this.#options.roster.listen({
			gone: () => this.#clearLater(),
			returned: () => this.#later(() => this.#enterAgain())
		});
		this.#clearLater();
	}

	/** Ends what this process holds. */
	async stop(): Promise<void> {
		this.#stopListening();
		for (const timer of this.#timers) this.#options.clock.clearTimer(timer);
		if (this.#own.size > 0) await this.#clearAway([this.#options.roster.id]);
		this.#own.clear();
	}

	/** Makes an entry, or gives it another value. */
	async enter(group: string, key: string, value: string): Promise<void> {
		let held = this.#own.get(group);
		if (held === undefined) this.#own.set(group, (held = new Map()));
		held.set(key, value);
		await this.#announceOnce(group);
		await this.#put(group, key, value);
	}

	async leave(group: string, key: string): Promise<void> {
		const held = this.#own.get(group);
		held?.delete(key);
		if (held?.size === 0) this.#own.delete(group);
		await this.#options.store.leave(groupKey(group), memberOf(this.#options.roster.id, key));
		if (!this.#own.has(group)) await this.#forget(group);
	}

	/** This process ends in order: what it holds in a group stays there for `ttlMs`, and is given up by itself then. */
	async leaveBehind(group: string, ttlMs: number): Promise<void> {
		const { store, roster } = this.#options;
		const held = [...(this.#own.get(group) ?? [])];
		if (held.length === 0 || ttlMs === 0) return;
		const entries = held.map(([key, value]) => ({ member: memberOf(roster.id, key), value: LEFT + value }));
		await Promise.all(entries.map(async (entry) => store.enter(groupKey(group), entry, ttlMs)));
		this.#own.delete(group);
		await this.#forget(group);
	}

	/** What processes that live hold in a group, and what those that do not have left there. */
	async entries(group: string): Promise<HeldEntry[]> {
		const { store, roster } = this.#options;
		const entries = (await store.members(groupKey(group))).map(entryOf);
		const dead = new Set<string>();
		for (const { process, isLeft } of entries) {
			if (!isLeft && !dead.has(process) && !(await roster.isAlive(process))) dead.add(process);
		}
		return entries.filter(({ process, isLeft }) => isLeft || !dead.has(process));
	}

	/** Before the first entry of a group, so that none is ever forgotten. */
	#announceOnce(group: string): Promise<void> {
		let announced = this.#announced.get(group);
		if (announced === undefined) {
			const before = this.#forgetting.get(group) ?? Promise.resolve();
			announced = before.then(() => this.#announce(group));
			this.#announced.set(group, announced);
			announced.catch(() => this.#announced.delete(group)); // the next entry tries again
		}
		return announced;
	}

	/** A process that lives for long has held something in many groups. */
	async #forget(group: string): Promise<void> {
		const { store, roster } = this.#options;
		this.#announced.delete(group);
		const forgetting = Promise.resolve(store.leave(groupsOf(roster.id), group));
		const over = forgetting.then(
			() => {},
			() => {} // it is listed for nothing, until it is left again
		);
		this.#forgetting.set(group, over);
		void over.then(() => this.#forgetting.get(group) === over && this.#forgetting.delete(group));
		await forgetting;
	}

	async #announce(group: string): Promise<void> {
		const { store, roster } = this.#options;
		await store.enter(HOLDERS, { member: roster.id, value: '' }, null);
		await store.enter(groupsOf(roster.id), { member: group, value: '' }, null);
	}

	async #put(group: string, key: string, value: string): Promise<void> {
		const { store, roster } = this.#options;
		await store.enter(groupKey(group), { member: memberOf(roster.id, key), value: HELD + value }, null);
	}

	/** Holders that do not live. */
	async #dead(): Promise<string[]> {
		const { store, roster } = this.#options;
		const holders = await store.members(HOLDERS);
		const isDead = await Promise.all(holders.map(async ({ member }) => !(await roster.isAlive(member))));
		return holders.flatMap(({ member }, index) => (isDead[index] ? [member] : []));
	}

	#clearLater(): void {
		const timer: Timer = this.#options.clock.setTimer(() => {
			this.#timers.delete(timer);
			this.#later(async () => this.#clearAway(await this.#dead())); // one that was missed may be back
		}, CLEAR_MS);
		this.#timers.add(timer);
	}

	/** Every survivor does it: doing it twice does no harm. */
	async #clearAway(processes: readonly string[]): Promise<void> {
		const { store } = this.#options;
		for (const process of processes) {
			for (const { member: group } of await store.members(groupsOf(process)))
				await this.#clearGroup(process, group);
			await store.leave(HOLDERS, process);
		}
	}

	async #clearGroup(process: string, group: string): Promise<void> {
		const { store } = this.#options;
		const members = await store.members(groupKey(group));
		const own = members.filter((member) => entryOf(member).process === process);
		await Promise.all(own.map(async ({ member }) => store.leave(groupKey(group), member)));
		await store.leave(groupsOf(process), group);
	}

	/** The others may have cleared away what this process holds. */
	async #enterAgain(): Promise<void> {
		for (const [group, held] of this.#own) {
			await this.#announce(group);
			await Promise.all([...held].map(([key, value]) => this.#put(group, key, value)));
		}
	}

	#later(run: () => Promise<void>): void {
		run().catch(this.#options.onError);
	}
}

const memberOf = (process: string, key: string): string => `${process} ${key}`;

/** Names of processes have no blank. */
function entryOf({ member, value }: GroupMember): HeldEntry {
	const end = member.indexOf(' ');
	const [process, key] = [member.slice(0, end), member.slice(end + 1)];
	return { process, key, value: value.slice(LEFT.length), isLeft: value.startsWith(LEFT) };
}
