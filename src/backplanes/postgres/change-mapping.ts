// What a change of a row means to subscribers: an event on the topic that the row belongs to. A row that moves to another
// topic is deleted there and created here.

import { encodeEventBody, type EventBody } from '../../protocol/stream.ts';
import type { TopicName } from '../../protocol/topic.ts';
import { topicName, type TopicLike } from '../../server/topic.ts';

/** A row by its columns. Its values are what the source makes of them: see `via` in the options. */
export type ChangedRow = Record<string, unknown>;

export interface TableMapping {
	/** The topic of a row; null where nobody is to hear of it. */
	topic(row: ChangedRow): TopicLike | null;
	/** What is published of a row. @default all of its columns */
	data?(row: ChangedRow): unknown;
	/** The column that tells rows apart; a row with another one is another row. @default 'id' */
	key?: string;
	/**
	 * With replication: that the columns of the primary key are all that `topic` and `data` look at of a row that was
	 * deleted or is updated away. Otherwise the table needs REPLICA IDENTITY FULL. @default false
	 */
	keyOnly?: boolean;
}

/** By the name of a table, with its schema where that is not `public`. */
export type ChangedTables = Readonly<Record<string, TableMapping | TableMapping['topic']>>;

export interface RowChange {
	/** With its schema. */
	table: string;
	/** As far as it is known; null where the row was inserted, or where its key is what it was and nothing else is known. */
	old: ChangedRow | null;
	/** Null where it was deleted. */
	current: ChangedRow | null;
	isInsert: boolean;
}

export interface ChangeEvent {
	topic: TopicName;
	body: EventBody;
}

const fullName = (table: string): string => (table.includes('.') ? table : `public.${table}`);

export class ChangeMapping {
	readonly #tables: Map<string, TableMapping>;

	constructor(tables: ChangedTables) {
		this.#tables = new Map(
			Object.entries(tables).map(([table, mapping]) => [
				fullName(table),
				typeof mapping === 'function' ? { topic: mapping } : mapping
			])
		);
	}

	get tables(): [name: string, mapping: TableMapping][] {
		return [...this.#tables];
	}

	/** @throws whatever the app's functions throw */
	eventsOf({ table, old, current, isInsert }: RowChange): ChangeEvent[] {
		const mapping = this.#tables.get(table);
		if (mapping === undefined) return [];
		const to = current && placeOf(mapping, current);
		const from = isInsert ? null : old ? placeOf(mapping, old) : to;
		if (current && to !== null && from === to && hasSameKey(mapping, old ?? current, current)) {
			return [eventOf(mapping, to, 'updated', current)];
		}
		const events: ChangeEvent[] = [];
		if (from !== null && old) events.push(eventOf(mapping, from, 'deleted', old));
		if (to !== null && current) events.push(eventOf(mapping, to, 'created', current));
		return events;
	}
}

function placeOf(mapping: TableMapping, row: ChangedRow): TopicName | null {
	const topic = mapping.topic(row);
	return topic === null ? null : topicName(topic);
}

const hasSameKey = ({ key = 'id' }: TableMapping, old: ChangedRow, current: ChangedRow): boolean =>
	String(old[key]) === String(current[key]);

// oxlint-disable-next-line max-params -- what an event is made of
function eventOf(mapping: TableMapping, topic: TopicName, event: string, row: ChangedRow): ChangeEvent {
	return { topic, body: encodeEventBody(event, mapping.data ? mapping.data(row) : row) };
}
