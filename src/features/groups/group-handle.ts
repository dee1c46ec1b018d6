// A group as handlers use it.

import { LiveError } from '../../base/errors.ts';
import type { LiveContext } from '../../server/context.ts';
import { partsOf, type Features } from '../../server/features.ts';
import type { GroupState } from './group-state.ts';
import { makeGroups } from './groups-feature.ts';
import type { Member } from './members.ts';

const DEFAULT_ROLE = 'member';

export class GroupHandle<Row, Meta> {
	readonly #stateOn: (features: Features | null) => GroupState;

	/** @param stateOn the group on a server; null for the one of this process */
	constructor(stateOn: (features: Features | null) => GroupState) {
		this.#stateOn = stateOn;
	}

	/**
	 * Makes the caller's connection a member, or gives a member another role. Ends with the connection.
	 * @returns false where the group is full or closed
	 * @throws {LiveError} UNAVAILABLE where the backplane cannot be reached
	 */
	async join(context: LiveContext, role: string = DEFAULT_ROLE): Promise<boolean> {
		const { features } = partsOf(context);
		const { connection, user, abortSignal } = context;
		if (abortSignal.aborted) throw new LiveError('CONNECTION_LOST', 'who is gone cannot join');
		const state = this.#stateOn(features);
		const admission = await features.get(makeGroups).join(state, { connection: connection.id, role, user });
		return admission === 'joined' || admission === 'stayed';
	}

	/** Gives the place of the caller's connection back. */
	leave(context: LiveContext): void {
		const { features } = partsOf(context);
		features.get(makeGroups).leave(this.#stateOn(features), context.connection.id);
	}

	/** Whether the caller's connection is a member. */
	has(context: LiveContext): boolean {
		return this.roleOf(context) !== null;
	}

	/** The caller's role; null for who is no member. */
	roleOf(context: LiveContext): string | null {
		return this.#stateOn(partsOf(context).features).get(context.connection.id)?.role ?? null;
	}

	/**
	 * Publishes to all members on all processes, or to those of a role. At most once: who is not connected misses it.
	 * @throws {LiveError} UNAVAILABLE where the backplane cannot be reached
	 */
	async publish(event: string, data: Row, { role }: { role?: string } = {}): Promise<void> {
		await this.#state.publish(event, data, role === undefined ? {} : { role });
	}

	/** Sends to one member, by its connection, on whichever process it is. */
	async send(connection: string, event: string, data: Row): Promise<void> {
		await this.#state.publish(event, data, { connection });
	}

	/** The members on this process. */
	localMembers(): Member[] {
		return this.#state.members;
	}

	/** How many members there are on all processes. @param role of this role only */
	count(role?: string): Promise<number> {
		return this.#state.count(role);
	}

	/** The metadata, as it is now. */
	async getMeta(): Promise<Meta> {
		return (await this.#state.meta()) as Meta; // what `setMeta` has put, or the definition says
	}

	/** Puts another in its place, which a function makes of the last one: it may run again where others were faster. */
	async setMeta(next: Meta | ((meta: Meta) => Meta)): Promise<Meta> {
		const update = typeof next === 'function' ? (next as (meta: unknown) => unknown) : () => next;
		return (await this.#state.setMeta(update)) as Meta;
	}

	/** Ends the group on every process: everybody is out, and nobody gets in until it is opened. */
	close(): Promise<void> {
		return this.#state.close();
	}

	/** Opens a group that was closed, with nobody in it and its metadata as in the beginning. */
	open(): Promise<void> {
		return this.#state.open();
	}

	get #state(): GroupState {
		return this.#stateOn(null);
	}
}
