// Who is in one group by way of this process. Whoever waits for a place is let in with one write for all that wait, in the
// order in which they came. Invariant: nobody is a member here whom the store does not count, but for members whose place is
// being given back.

import type { Timer } from '../../base/clock.ts';
import { LiveError } from '../../base/errors.ts';
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
	readonly settle: PromiseWithResolvers<Admission>;
}

export interface MembersOptions {
	readonly parts: ServerParts;
	readonly places: Places;
	readonly maxMembers: number;
	/** Every other member is gone, too: the group was closed. */
	readonly onClosed: () => void;
}

const RETRY_MS = 1_000;

export class Members {
	readonly #options: MembersOptions;
	readonly #members = new Map<string, Member>();
	#waiting: Applicant[] = [];
	/** Whether the store counts something else than there is. */
	#changed = false;
	#writing: Promise<void> | null = null;
	#retry: Timer | null = null;
	#stopped = false;

	constructor(options: MembersOptions) {
		this.#options = options;
	}

	get all(): Member[] {
		return [...this.#members.values()];
	}

	get(connection: string): Member | undefined {
		return this.#members.get(connection);
	}

	/** Whether nobody is here, nor waits for a place. */
	get hasNobody(): boolean {
		return this.#members.size === 0 && this.#waiting.length === 0;
	}

	/** Whether nobody is here, and the store knows. */
	get isEmpty(): boolean {
		return this.hasNobody && !this.#changed && this.#writing === null;
	}

	/**
	 * Lets somebody in, where there is a place. A member gets the new role.
	 * @throws {LiveError} UNAVAILABLE where the store cannot be reached
	 */
	join(member: Member): Promise<Admission> {
		const settle = Promise.withResolvers<Admission>();
		this.#waiting.push({ member, settle });
		this.#write();
		return settle.promise;
	}

	/** Returns whether it was a member. */
	leave(connection: string): boolean {
		for (const { settle } of this.#take(({ member }) => member.connection === connection)) settle.resolve('closed');
		if (!this.#members.delete(connection)) return false;
		this.writeAgain();
		return true;
	}

	clear(): void {
		this.#members.clear();
		this.#changed = false;
	}

	/** What the store counts may not be what there is. */
	writeAgain(): void {
		this.#changed = true;
		this.#write();
	}

	/** Gives all places back. */
	async stop(): Promise<void> {
		this.#stopped = true;
		this.#options.parts.clock.clearTimer(this.#retry);
		await this.#writing;
		if (this.#members.size === 0) return;
		this.#members.clear();
		await this.#options.places.write(() => ({}));
	}

	#write(): void {
		if (this.#stopped || this.#writing !== null) return;
		this.#writing = this.#writeAll().finally(() => (this.#writing = null));
	}

	async #writeAll(): Promise<void> {
		try {
			while (this.#changed || this.#waiting.length > 0) await this.#writeOnce();
		} catch (error) {
			// What was written is not known, so it is written again; those who waited are told that they are not in.
			this.#changed = true;
			for (const { settle } of this.#waiting.splice(0)) settle.reject(unavailable(error));
			this.#retryLater(error);
		}
	}

	async #writeOnce(): Promise<void> {
		const { places, onClosed } = this.#options;
		this.#changed = false;
		let considered: Applicant[] = [];
		let admitted = new Set<Applicant>();
		const outcome = await places.write((others) => {
			considered = [...this.#waiting];
			admitted = this.#admissible(others);
			return rolesOf([...this.#members.values(), ...[...admitted].map(({ member }) => member)]);
		});
		if (outcome === 'closed') {
			this.clear();
			for (const { settle } of this.#waiting.splice(0)) settle.resolve('closed');
			return onClosed();
		}
		for (const applicant of considered) this.#decide(applicant, admitted.has(applicant));
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
		const { member, settle } = applicant;
		if (!isAdmitted) return settle.resolve('full');
		settle.resolve(this.#members.has(member.connection) ? 'stayed' : 'joined');
		this.#members.set(member.connection, member);
	}

	/** Takes applicants out of those that wait. */
	#take(which: (applicant: Applicant) => boolean): Applicant[] {
		const taken = this.#waiting.filter(which);
		this.#waiting = this.#waiting.filter((applicant) => !taken.includes(applicant));
		return taken;
	}

	#retryLater(error: unknown): void {
		const { clock, onError } = this.#options.parts;
		onError('', error, null);
		clock.clearTimer(this.#retry);
		this.#retry = clock.setTimer(() => this.#write(), RETRY_MS);
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
