// The statements on the log, one round trip each, with their rows as this process sees them.

import type { Position } from '../../protocol/position.ts';
import type { EventBody } from '../../protocol/stream.ts';
import type { TopicName } from '../../protocol/topic.ts';
import type { LogEntry, ReadResult } from '../../server/backplane.ts';
import type { PostgresClient, Row } from './client.ts';
import { arrayText, bodyToText, identifier, topicToText } from './text.ts';

/** Where a topic's log ends. */
export interface TopicHead {
	id: number;
	offset: number;
	incarnation: string;
}

export interface AppendedHead extends TopicHead {
	/** Whether the topic may have grown beyond its bounds. */
	due: boolean;
	/** How far the write-ahead log reached with it, in bytes. */
	wal: number;
}

/** An incarnation and the lineage that it belongs to. */
export interface Incarnation {
	name: string;
	lineage: string;
}

/** What a process has seen in an incarnation. */
export interface Seen extends Incarnation {
	wal: number;
	/** How far topics were delivered. */
	places: readonly { id: number; offset: number }[];
}

export interface Fetched {
	/** Null where the server has not been used since it started. */
	incarnation: string | null;
	entries: (LogEntry & { id: number })[];
}

export interface Bounds {
	events: number;
	bytes: number;
	/** Null where age does not matter. */
	ageMs: number | null;
	idleMs: number;
}

/** An epoch names the incarnation of the log and the topic in it: one that was forgotten comes back as another. */
export const epochOf = (incarnation: string, id: number): string => `${incarnation}.${id.toString(36)}`;

/** Beyond what `interval` can say there is no age. */
const MAX_MS = 1e14;

export class PostgresLog {
	readonly #client: PostgresClient;
	readonly #schema: string;
	readonly #channel: string;
	readonly #bounds: Bounds;

	constructor(client: PostgresClient, schema: string, bounds: Bounds) {
		this.#client = client;
		this.#schema = identifier(schema);
		this.#channel = schema;
		this.#bounds = bounds;
	}

	#call(name: string, parameters: (string | number | null)[], types: string): Promise<Row[]> {
		const places = types.split(' ').map((type, index) => `$${index + 1}::${type}`);
		return this.#client.query(`SELECT * FROM ${this.#schema}.${name}(${places.join(', ')})`, parameters);
	}

	async openIncarnation(): Promise<string> {
		const [row] = await this.#client.query(`SELECT ${this.#schema}.open_incarnation() AS name`);
		return String(row?.['name']);
	}

	/** The present incarnation. Where it has not all that was seen, it is one of another lineage. */
	async joinIncarnation({ name, lineage, wal, places }: Seen): Promise<Incarnation> {
		const ids = arrayText(places.map(({ id }) => id));
		const offsets = arrayText(places.map(({ offset }) => offset));
		const types = 'text text bigint text::bigint[] text::bigint[]';
		const [row] = await this.#call('join_incarnation', [name, lineage, wal, ids, offsets], types);
		return { name: String(row?.['name']), lineage: String(row?.['lineage']) };
	}

	/** Topics in the order of the first append to each, with where they end then. */
	async append(appends: readonly { topic: TopicName; body: EventBody }[], waitMs: number) {
		const names = appends.map(({ topic }) => topicToText(topic));
		const bodies = appends.map(({ body }) => bodyToText(body));
		const step = Math.max(1, Math.floor(this.#bounds.bytes / 4));
		const parameters = [Math.ceil(waitMs), arrayText(names), arrayText(bodies), step];
		const rows = await this.#call('append_within', parameters, 'integer text::text[] text::text[] bigint');
		const heads = new Map(rows.map((row) => [String(row['name']), readAppended(row)]));
		const found = new Map<TopicName, AppendedHead>();
		for (const [index, { topic }] of appends.entries()) {
			const head = heads.get(names[index] ?? '');
			if (head) found.set(topic, head);
		}
		return found;
	}

	/** Where topics end; those that are not there yet begin. */
	async heads(topics: readonly TopicName[], waitMs: number): Promise<(TopicHead | undefined)[]> {
		const names = topics.map(topicToText);
		const rows = await this.#call('heads', [Math.ceil(waitMs), arrayText(names)], 'integer text::text[]');
		const heads = new Map(rows.map((row) => [String(row['name']), readHead(row)]));
		return names.map((name) => heads.get(name));
	}

	async fetch(cursors: readonly { id: number; offset: number }[]): Promise<Fetched> {
		const ids = arrayText(cursors.map(({ id }) => id));
		const afters = arrayText(cursors.map(({ offset }) => offset));
		const rows = await this.#call('fetch', [ids, afters], 'text::bigint[] text::bigint[]');
		const hasName = rows[0] !== undefined && rows[0]['topic'] === null;
		const entries = rows.slice(hasName ? 1 : 0).map((row) => ({ id: Number(row['topic']), ...readEntry(row) }));
		return { incarnation: hasName ? String(rows[0]?.['body']) : null, entries };
	}

	async read(topic: TopicName, { epoch, offset }: Position): Promise<ReadResult> {
		const [known = '', id = ''] = epoch.split('.');
		const topicId = /^[0-9a-z]{1,10}$/.test(id) ? Number.parseInt(id, 36) : 0;
		const parameters = [topicToText(topic), topicId, topicToText(known as TopicName), offset];
		const [first, ...rows] = await this.#call('read', parameters, 'text bigint text bigint');
		if (first === undefined || first['offset'] === null) {
			return { kind: 'reset', reason: first?.['body'] === 'evicted' ? 'evicted' : 'epoch' };
		}
		return { kind: 'events', epoch: epochOf(String(first['body']), topicId), entries: rows.map(readEntry) };
	}

	async trim(ids: readonly number[]): Promise<void> {
		const { events, bytes } = this.#bounds;
		await this.#call('trim', [arrayText(ids), events, bytes], 'text::bigint[] bigint bigint');
	}

	/** Bounds and expiry, for all processes once per interval. */
	async sweep(everyMs: number): Promise<void> {
		const { events, bytes, ageMs, idleMs } = this.#bounds;
		const parameters = [everyMs, events, bytes, Math.min(ageMs ?? MAX_MS, MAX_MS), Math.min(idleMs, MAX_MS)];
		await this.#call('sweep', parameters, 'bigint bigint bigint bigint bigint');
	}

	/** Keeps topics that somebody reads from being forgotten. */
	async touch(ids: readonly number[]): Promise<void> {
		const text = `UPDATE ${this.#schema}.topic SET used_at = clock_timestamp() WHERE id = ANY ($1::text::bigint[])`;
		await this.#client.query(text, [arrayText(ids)]);
	}

	/** A transaction of its own that writes nothing, so that its commit, which is behind one lock of all, waits for no disk. */
	async notify(payloads: readonly string[]): Promise<void> {
		const text = 'SELECT pg_notify($1::text, payload) FROM unnest($2::text::text[]) AS payload';
		await this.#client.query(text, [this.#channel, arrayText(payloads)]);
	}
}

const readHead = (row: Row): TopicHead => ({
	id: Number(row['id']),
	offset: Number(row['head']),
	incarnation: String(row['incarnation'])
});

const readAppended = (row: Row): AppendedHead => ({
	...readHead(row),
	due: row['due'] === true,
	wal: Number(row['wal'])
});

const readEntry = (row: Row): LogEntry => ({ offset: Number(row['offset']), body: String(row['body']) });
