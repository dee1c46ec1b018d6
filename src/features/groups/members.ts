// Who is in one group by way of this process. Whoever waits for a place is let in with one write for all that wait, in the
// order in which they came. Invariant: nobody is a member here whom the store does not count, but for members whose place is
// being given back.

import type { Timer } from '../../base/clock.ts';
import { LiveError } from '../../base/errors.ts';
import { goingAway } from '../../server/failure.ts';
import type { ServerParts } from '../../server/server-parts.ts';
import type { Places, RoleCounts } from './places.ts';

export interface Member {
	readonly connection: string;
	readonly role: string;
	/** As `ctx.user`. */
	readonly user: unknown;
}

/** `stayed`: it was a member before. */
export type Admission = 'joined' | 'stayed' | 'full' | 'closed';

interface Applicant {
	readonly member: Member;
	/** The stream that is read; null where a handler asks. */
	readonly reading: AbortSignal | null;
	readonly settle: PromiseWithResolvers<Admission>;
}

interface Membership {
	readonly member: Member;
	/** The streams that it lasts as long as; null where a handler began it. */
	readonly readings: Set<AbortSignal> | null;
}

export interface MembersOptions {
	readonly parts: ServerParts;
	readonly places: Places;
	readonly maxMembers: number;
	/** Resolves when what members are told is heard here. */
	readonly listen: () => Promise<void>;
	/** Nobody is left to hear it. */
	readonly letGo: () => void;
	/** Writes down who is a member, or that a connection is none any more. */
	readonly record: (connection: string, member: Member | null) => Promise<void>;
}

const RETRY_MS = 1_000;
/** How often it is looked whether the group was closed, of which nobody may have heard. */
const LOOK_MS = 30_000;

export class Members {
	readonly #options: MembersOptions;
	readonly #members = new Map<string, Membership>();
	#waiting: Applicant[] = [];
	/** Of which the members are. */
	#round = 0;
	/** Whether the store counts something else than there is. */
	#changed = false;
	/** Connections of which something else may be written down than there is. */
	readonly #unrecorded = new Set<string>();
	#writing: Promise<void> | null = null;
	#timer: Timer | null = null;
	#stopped = false;

	constructor(options: MembersOptions) {
		this.#options = options;
	}

	get all(): Member[] {
		return [...this.#members.values()].map(({ member }) => member);
	}

	get(connection: string): Member | undefined {
		return this.#members.get(connection)?.member;
	}

	/** Whether nobody is here or waits for a place, and the store knows. */
	get isEmpty(): boolean {
		return this.#members.size === 0 && !this.#isDue && this.#writing === null;
	}

	/**
	 * Lets somebody in, where there is a place. A member gets the new role.
	 * @param reading the stream that is read by it: where that begins the membership, it ends with the last such stream
	 * @throws {LiveError} UNAVAILABLE where the backplane cannot be reached; GOING_AWAY where the server has ended
	 */
	join(member: Member, reading: AbortSignal | null): Promise<Admission> {
		if (this.#stopped) return Promise.reject(goingAway());
		const settle = Promise.withResolvers<Admission>();
		this.#waiting.push({ member, reading, settle });
		this.#write();
		return settle.promise;
	}

	/** One more stream of a connection reads. Returns whether it is a member. */
	reads(connection: string, reading: AbortSignal): boolean {
		const membership = this.#members.get(connection);
		membership?.readings?.add(reading);
		return membership !== undefined;
	}

	/** A stream reads no more. Returns whether nothing keeps its connection here now. */
	readsNoMore(connection: string, reading: AbortSignal): boolean {
		for (const { settle } of this.#take((each) => each.reading === reading)) settle.resolve('closed');
		const readings = this.#members.get(connection)?.readings;
		readings?.delete(reading);
		const isKept = readings === undefined ? false : readings === null || readings.size > 0;
		return !isKept && !this.#waiting.some(({ member }) => member.connection === connection);
	}

	/** Returns whether it was a member. */
	leave(connection: string): boolean {
		for (const { settle } of this.#take(({ member }) => member.connection === connection)) settle.resolve('closed');
		if (!this.#members.delete(connection)) return false;
		this.#unrecorded.add(connection);
		this.writeAgain();
		return true;
	}

	/** The group was closed. */
	clear(): void {
		this.#removeAll();
		this.writeAgain();
	}

	/** What the store counts may not be what there is, or the group may have been closed. */
	writeAgain(): void {
		this.#changed = true;
		this.#write();
	}

	/** The store may have nothing of what there is. */
	writeAllAgain(): void {
		for (const connection of this.#members.keys()) this.#unrecorded.add(connection);
		this.writeAgain();
	}

	#removeAll(): void {
		for (const connection of this.#members.keys()) this.#unrecorded.add(connection);
		this.#members.clear();
	}

	/** Gives all places back. */
	async stop(): Promise<void> {
		this.#stopped = true;
		this.#options.parts.clock.clearTimer(this.#timer);
		await this.#writing;
		if (this.#members.size === 0) return;
		this.#removeAll();
		await this.#options.places.write(() => ({}));
		await this.#record();
	}

	/** Whether there is something that the store has to know. */
	get #isDue(): boolean {
		return this.#changed || this.#waiting.length > 0;
	}

	#write(): void {
		if (!this.#stopped && this.#writing === null && this.#isDue) this.#writing = this.#writeAll();
	}

	async #writeAll(): Promise<void> {
		try {
			while (this.#isDue) await this.#writeOnce();
		} catch (error) {
			// What was written is not known, so it is written again; those who waited are told that they are not in.
			this.#changed = true;
			for (const { settle } of this.#waiting.splice(0)) settle.reject(unavailable(error));
			this.#options.parts.onError('', error, null);
		}
		// In the same turn as the last look at what is due: what comes later is written by the next one.
		this.#writing = null;
		if (this.#members.size === 0) this.#options.letGo();
		this.#writeLater();
	}

	#writeLater(): void {
		const { clock } = this.#options.parts;
		clock.clearTimer(this.#timer);
		if (this.#stopped || this.isEmpty) return;
		this.#timer = clock.setTimer(() => this.writeAgain(), this.#changed ? RETRY_MS : LOOK_MS);
	}

	async #writeOnce(): Promise<void> {
		const { places, listen } = this.#options;
		if (this.#waiting.length > 0) await listen(); // before they are told anything
		this.#changed = false;
		let considered: Applicant[] = [];
		let admitted = new Set<Applicant>();
		const outcome = await places.write((others, round) => {
			if (round > this.#round) this.#removeAll(); // it was closed, and opened again; 0 where the store was emptied
			this.#round = round;
			considered = [...this.#waiting];
			admitted = this.#admissible(others);
			return rolesOf([...this.all, ...[...admitted].map(({ member }) => member)]);
		});
		if (outcome === 'closed') this.#refuseAll();
		else for (const applicant of considered) this.#decide(applicant, admitted.has(applicant));
		await this.#record();
	}

	#refuseAll(): void {
		this.#removeAll();
		this.#changed = false;
		for (const { settle } of this.#waiting.splice(0)) settle.resolve('closed');
	}

	async #record(): Promise<void> {
		const connections = [...this.#unrecorded];
		this.#unrecorded.clear();
		const recording = connections.map(async (each) => this.#options.record(each, this.get(each) ?? null));
		const outcomes = await Promise.allSettled(recording);
		const failed = outcomes.find((outcome) => outcome.status === 'rejected');
		if (failed === undefined) return;
		for (const connection of connections) this.#unrecorded.add(connection);
		throw failed.reason;
	}

	/** Those of the waiting that there is a place for. */
	#admissible(others: number): Set<Applicant> {
		const here = new Set(this.#members.keys());
		const admitted = new Set<Applicant>();
		for (const applicant of this.#waiting) {
			const { connection } = applicant.member;
			if (!here.has(connection) && others + here.size >= this.#options.maxMembers) continue;
			here.add(connection);
			admitted.add(applicant);
		}
		return admitted;
	}

	#decide(applicant: Applicant, isAdmitted: boolean): void {
		if (this.#take((each) => each === applicant).length === 0) {
			this.#changed = true; // gone meanwhile, and counted
			return;
		}
		if (isAdmitted) this.#admit(applicant);
		else applicant.settle.resolve('full');
	}

	#admit({ member, reading, settle }: Applicant): void {
		const before = this.#members.get(member.connection);
		settle.resolve(before === undefined ? 'joined' : 'stayed');
		const begun = reading === null ? null : new Set<AbortSignal>();
		const readings = before === undefined ? begun : before.readings;
		if (reading !== null) readings?.add(reading);
		this.#members.set(member.connection, { member, readings });
		this.#unrecorded.add(member.connection);
	}

	/** Takes applicants out of those that wait. */
	#take(which: (applicant: Applicant) => boolean): Applicant[] {
		const taken = this.#waiting.filter(which);
		this.#waiting = this.#waiting.filter((applicant) => !taken.includes(applicant));
		return taken;
	}
}

/** Counts by role; one connection has one place, whatever it asked for last. */
function rolesOf(members: readonly Member[]): RoleCounts {
	const roles = new Map<string, number>();
	const byConnection = new Map(members.map((member) => [member.connection, member]));
	for (const { role } of byConnection.values()) roles.set(role, (roles.get(role) ?? 0) + 1);
	return Object.fromEntries(roles);
}

function unavailable(cause: unknown): LiveError {
	return new LiveError('UNAVAILABLE', 'it is not known whether there is a place', { retryAfterMs: RETRY_MS, cause });
}
