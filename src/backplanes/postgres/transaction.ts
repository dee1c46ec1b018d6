// Publishing within the app's own transaction: the event is stored by it, and notified when it commits. Invariant: an
// event of a transaction that is rolled back was never in the log, for nobody.

import { FIXED_LIMITS } from '../../protocol/limits.ts';
import { encodeEventBody } from '../../protocol/stream.ts';
import type { TopicParts } from '../../protocol/topic.ts';
import { isTopic, topicName, type Topic, type TopicLike } from '../../server/topic.ts';
import type { PgClientLike } from './pg-client.ts';
import type { PorsagerSql } from './porsager-client.ts';
import { bodyToText, identifier, topicToText } from './text.ts';

/** A client of `pg` between BEGIN and COMMIT, or the `sql` that postgres.js gives to `sql.begin(sql => …)`. */
export type Transaction = PgClientLike | PorsagerSql;

/** As `ctx.publish`, in a transaction. */
export interface PublishInTransaction {
	/** Publishes to the topic of a stream: event and data are checked against what the stream carries. */
	<Events, Name extends keyof Events & string>(
		transaction: Transaction,
		topic: Topic<Events>,
		event: Name,
		data: Events[Name]
	): Promise<void>;
	/** Publishes to a log topic by its parts, unchecked. */
	(transaction: Transaction, topic: TopicParts, event: string, data?: unknown): Promise<void>;
}

export interface OutgoingEvent {
	topic: TopicLike;
	event: string;
	data: unknown;
}

/** @throws {TypeError} for an ephemeral topic, which has no log; and for an event's name that is empty or too long */
export async function publishIn(transaction: Transaction, schema: string, outgoing: OutgoingEvent): Promise<void> {
	const { topic, event, data } = outgoing;
	if (isTopic(topic) && topic.ephemeral) {
		throw new TypeError(
			'an event of an ephemeral topic is kept nowhere: publish it after the commit, with ctx.publish'
		);
	}
	if (event.length === 0 || event.length > FIXED_LIMITS.eventLength) {
		throw new TypeError(
			`an event's name must have 1 to ${FIXED_LIMITS.eventLength} characters, not ${event.length}`
		);
	}
	const text = `SELECT ${identifier(schema)}.publish_body($1::text, $2::text)`;
	const parameters = [topicToText(topicName(topic)), bodyToText(encodeEventBody(event, data))];
	if ('unsafe' in transaction) await transaction.unsafe(text, parameters);
	else await transaction.query(text, parameters);
}
