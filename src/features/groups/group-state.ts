// One group in one process: its members here, its metadata, and what is published to it, from here and from elsewhere.

import { joinEventBody, encodeEventBody, type EventBody } from '../../protocol/stream.ts';
import type { TopicName } from '../../protocol/topic.ts';
import { encodeValue } from '../../protocol/value.ts';
import type { ServerParts } from '../../server/server-parts.ts';
import { decodeText } from '../shared/row.ts';
import { Members, type Admission, type Member } from './members.ts';
import { Places } from './places.ts';
import type { Roll } from './roll.ts';

/** For whom something is: for all, for a role, or for one connection. */
export interface Recipients {
	role?: string;
	connection?: string;
}

type Told = { kind: 'event'; body: EventBody; to: Recipients } | { kind: 'closed' };

/** What a definition says of its groups. */
export interface GroupRules {
	readonly maxMembers: number;
	/** The metadata of a group that has none of its own. */
	readonly meta: unknown;
	/** Who has to be known of where this process is killed; undefined where nobody has to. */
	rollOn(parts: ServerParts): Roll | undefined;
	onJoin(state: GroupState, member: Member): void;
	onLeave(state: GroupState, member: Member): void;
	onFull(state: GroupState, member: Member): void;
	onClose(state: GroupState): void;
}

export interface GroupStateOptions {
	readonly parts: ServerParts;
	readonly topic: TopicName;
	readonly args: readonly unknown[];
	readonly rules: GroupRules;
}

/** The topic of a group's metadata: no author names one so by chance. */
export const META = '~meta';

export class GroupState {
	readonly parts: ServerParts;
	readonly topic: TopicName;
	readonly args: readonly unknown[];
	readonly #rules: GroupRules;
	readonly #places: Places;
	readonly #members: Members;
	#listening: Promise<() => void> | null = null;

	constructor({ parts, topic, args, rules }: GroupStateOptions) {
		this.parts = parts;
		this.topic = topic;
		this.args = args;
		this.#rules = rules;
		this.#places = new Places(parts, topic);
		const { maxMembers } = rules;
		this.#members = new Members({
			parts,
			places: this.#places,
			maxMembers,
			listen: () => this.#listen(),
			letGo: () => this.#letGo(),
			record: (connection, member) => this.#record(connection, member)
		});
	}

	get members(): Member[] {
		return this.#members.all;
	}

	get(connection: string): Member | undefined {
		return this.#members.get(connection);
	}

	/** Whether it may be forgotten here. */
	get isIdle(): boolean {
		return this.#members.isEmpty;
	}

	/**
	 * @param reading the stream that is read by it; null where a handler asks
	 * @throws {LiveError} UNAVAILABLE where the backplane cannot be reached
	 */
	async join(member: Member, reading: AbortSignal | null): Promise<Admission> {
		const admission = await this.#members.join(member, reading);
		if (admission === 'joined') this.#rules.onJoin(this, member);
		if (admission === 'full') this.#rules.onFull(this, member);
		return admission;
	}

	/** One more stream of a connection reads it. Returns whether it is a member. */
	reads(connection: string, reading: AbortSignal): boolean {
		return this.#members.reads(connection, reading);
	}

	/** A stream reads it no more. Returns whether nothing keeps its connection here now. */
	readsNoMore(connection: string, reading: AbortSignal): boolean {
		return this.#members.readsNoMore(connection, reading);
	}

	leave(connection: string): void {
		const member = this.#members.get(connection);
		if (this.#members.leave(connection) && member !== undefined) this.#rules.onLeave(this, member);
	}

	count(role?: string): Promise<number> {
		return this.#places.count(role);
	}

	/** Encoded once, for everybody on every process. */
	async publish(event: string, data: unknown, to: Recipients): Promise<void> {
		await this.#tell({ kind: 'event', body: encodeEventBody(event, data), to });
	}

	async meta(): Promise<unknown> {
		const stored = await this.parts.backplane.store.get(this.#metaKey);
		return stored === null ? this.#rules.meta : decodeText(stored.value);
	}

	/** Puts what `update` makes of the metadata in its place, and tells who reads it. */
	async setMeta(update: (meta: unknown) => unknown): Promise<unknown> {
		const { store } = this.parts.backplane;
		for (;;) {
			const stored = await store.get(this.#metaKey);
			const next = update(stored === null ? this.#rules.meta : decodeText(stored.value));
			const text = encodeValue(next);
			if ((await store.put(this.#metaKey, text, { ttlMs: null, version: stored?.version ?? 0 })) === null)
				continue;
			await this.parts.backplane.append(this.#metaTopic, joinEventBody('set', text));
			return next;
		}
	}

	/** Ends it on every process: everybody is out, and nobody gets in. */
	async close(): Promise<void> {
		if (!(await this.#places.close())) return;
		this.#members.clear();
		await this.parts.backplane.store.remove(this.#metaKey);
		await this.#tell({ kind: 'closed' });
		await this.parts.backplane.append(this.#metaTopic, encodeEventBody('set', null));
		this.#rules.onClose(this);
	}

	/** Opens it anew, as it was in the beginning. */
	async open(): Promise<void> {
		await this.#places.open();
		await this.parts.backplane.append(this.#metaTopic, encodeEventBody('set', this.#rules.meta));
	}

	/** The others may have given our places to somebody else, or closed the group. */
	writeAgain(): void {
		if (!this.#members.isEmpty) this.#members.writeAllAgain();
	}

	async stop(): Promise<void> {
		await this.#members.stop();
		this.#letGo();
	}

	get #metaKey(): string {
		return `group-meta/${this.topic}`;
	}

	get #metaTopic(): TopicName {
		return `${this.topic}/${META}` as TopicName; // as its stream encodes it
	}

	async #listen(): Promise<void> {
		this.#listening ??= this.parts.process.messenger.listen(['group', this.topic], (told) =>
			this.#take(told as Told)
		);
		try {
			await this.#listening;
		} catch (error) {
			this.#listening = null;
			throw error;
		}
	}

	async #record(connection: string, member: Member | null): Promise<void> {
		const roll = this.#rules.rollOn(this.parts);
		if (member === null) await roll?.leave(this.topic, connection);
		else await roll?.enter({ topic: this.topic, args: this.args, member });
	}

	#letGo(): void {
		const listening = this.#listening;
		this.#listening = null;
		listening?.then((stop) => stop()).catch(() => {}); // who began to listen was told
	}

	async #tell(told: Told): Promise<void> {
		await this.parts.process.messenger.send(['group', this.topic], told);
	}

	/** Also what this process itself has told. */
	#take(told: Told): void {
		if (told.kind === 'closed') return this.#members.writeAgain(); // it may be open again
		const { role, connection } = told.to;
		this.parts.hub.deliverTo(this.topic, told.body, (id) => {
			const member = this.#members.get(id);
			return member !== undefined && (role ?? member.role) === member.role && (connection ?? id) === id;
		});
	}
}
