// What workers and their primary say to each other. Both ends are processes of one application, so nothing is checked
// but the version: a build may be older than the installed package.

import type { LogRecipe } from '../../server/backplane.ts';
import type { EventBody } from '../../protocol/stream.ts';
import type { TopicName } from '../../protocol/topic.ts';
import type { StoreCall } from '../shared/forwarded-store.ts';

/** Goes up with every change of the messages below. */
export const CLUSTER_VERSION = 2;

/** The history that a worker's application asks for. */
export interface LogSettings {
	recipe: LogRecipe;
	afterCrash: AfterCrash;
}

/** What becomes of positions when a worker ended without closing its backplane. */
export type AfterCrash = 'resume' | 'reload';

/** From a worker. `id` counts its requests; each is answered once. */
export type Up =
	| [kind: 'hello', id: number, version: number, settings: LogSettings]
	| [kind: 'subscribe', id: number, topic: TopicName]
	| [kind: 'unsubscribe', topic: TopicName]
	| [kind: 'append', id: number, topic: TopicName, body: EventBody]
	| [kind: 'broadcast', id: number, topic: TopicName, body: EventBody, conflationKey: string | null]
	| [kind: 'head', id: number, topic: TopicName]
	| [kind: 'read', id: number, topic: TopicName, epoch: string, offset: number]
	| [kind: 'store', id: number, call: StoreCall]
	| [kind: 'leave', id: number, clean: boolean];

/** From the primary. */
export type Down = Answer | DownEvent;

/** A worker gets no body back that it sent: the answer stands in the place of its own event. */
export type Answer =
	| [kind: 'done', id: number]
	| [kind: 'position', id: number, epoch: string, offset: number]
	| [kind: 'events', id: number, epoch: string, bodies: EventBody[]]
	| [kind: 'reset', id: number, reason: 'epoch' | 'evicted']
	| [kind: 'value', id: number, value: unknown]
	| [kind: 'failed', id: number, code: string, message: string];

/** An event of another worker. On an ephemeral topic the epoch is empty and the offset 0. */
export type DownEvent = [
	kind: 'event',
	topic: TopicName,
	epoch: string,
	offset: number,
	body: EventBody,
	conflationKey: string | null
];
