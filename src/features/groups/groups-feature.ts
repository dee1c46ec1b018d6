// All groups of one server that somebody is in, by topic.

import type { TopicName } from '../../protocol/topic.ts';
import type { Feature } from '../../server/features.ts';
import type { ServerParts } from '../../server/server-parts.ts';
import { GroupState, type GroupRules } from './group-state.ts';
import type { Admission, Member } from './members.ts';

const FEW = 64;

export class GroupsFeature implements Feature {
	readonly #parts: ServerParts;
	readonly #groups = new Map<TopicName, GroupState>();
	/** The groups that a connection has asked to join. */
	readonly #byConnection = new Map<string, Set<GroupState>>();
	/** From how many groups on it is looked which of them nobody is in. */
	#cleanAt = FEW;
	readonly #unlisten: () => void;

	constructor(parts: ServerParts) {
		this.#parts = parts;
		const writeAgain = (): void => this.backplaneBack();
		this.#unlisten = parts.process.roster.listen({ gone: () => {}, returned: writeAgain });
	}

	/** The group of a topic. */
	of(topic: TopicName, args: readonly unknown[], rules: GroupRules): GroupState {
		const known = this.#groups.get(topic);
		if (known !== undefined) return known;
		if (this.#groups.size >= this.#cleanAt) this.#clean();
		const group = new GroupState({ parts: this.#parts, topic, args, rules });
		this.#groups.set(topic, group);
		return group;
	}

	/**
	 * A connection that closes leaves all groups that it has joined by way of this.
	 * @param reading the stream that is read by it. @default a handler asks
	 */
	join(group: GroupState, member: Member, reading: AbortSignal | null = null): Promise<Admission> {
		const joined = this.#byConnection.get(member.connection) ?? new Set<GroupState>();
		this.#byConnection.set(member.connection, joined.add(group));
		const admission = group.join(member, reading);
		if (reading !== null) this.#endWith(group, member.connection, reading);
		return admission;
	}

	/** Whether a connection is a member, for one more stream of it: see `Members.join`. */
	reads(group: GroupState, connection: string, reading: AbortSignal): boolean {
		if (!group.reads(connection, reading)) return false;
		this.#endWith(group, connection, reading);
		return true;
	}

	#endWith(group: GroupState, connection: string, reading: AbortSignal): void {
		const end = (): void => {
			if (group.readsNoMore(connection, reading)) this.leave(group, connection);
		};
		if (reading.aborted) end();
		else reading.addEventListener('abort', end, { once: true });
	}

	leave(group: GroupState, connection: string): void {
		const joined = this.#byConnection.get(connection);
		if (joined?.delete(group) && joined.size === 0) this.#byConnection.delete(connection);
		group.leave(connection);
	}

	connectionClosed(connection: string): void {
		for (const group of [...(this.#byConnection.get(connection) ?? [])]) this.leave(group, connection);
	}

	backplaneBack(): void {
		for (const group of this.#groups.values()) group.writeAgain();
	}

	#clean(): void {
		for (const [name, group] of this.#groups) if (group.isIdle) this.#groups.delete(name);
		this.#cleanAt = Math.max(FEW, 2 * this.#groups.size);
	}

	async stop(): Promise<void> {
		this.#unlisten();
		// Those whose connections did not close in time have left, too.
		for (const connection of [...this.#byConnection.keys()]) this.connectionClosed(connection);
		await Promise.all([...this.#groups.values()].map((group) => group.stop()));
	}
}

export const makeGroups = (parts: ServerParts): GroupsFeature => new GroupsFeature(parts);
