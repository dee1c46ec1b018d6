// The live module of the tortured application: rows in rooms, which are loaded from its database, and a feed that is kept by
// the log alone.

import { randomUUID } from 'node:crypto';
import { LiveError } from '../../src/base/errors.ts';
import { encodeEventBody } from '../../src/protocol/stream.ts';
import type { TopicParts } from '../../src/protocol/topic.ts';
import type { LiveContext } from '../../src/server/context.ts';
import { live } from '../../src/live/live.ts';
import type { Database, Row } from './database.ts';

/** Publishes from outside of a call. */
export type Publish = (topic: TopicParts, event: string, data: unknown) => unknown;

/** No two events are alike: one that is stored or delivered twice is found out. */
const stamp = (): { stamp: string; atMs: number } => ({ stamp: randomUUID(), atMs: Date.now() });

/** `User` belongs to the application under test, whichever that is. */
const userOf = (ctx: Pick<LiveContext, 'user'>): string => (ctx.user as { id: string }).id;

/** @param onLoad told of every load, before it begins */
export function makeApp(database: Database, onLoad: (room: string) => void) {
	const room = (name: string) =>
		live.stream(
			['room', name],
			(): Row[] => {
				onLoad(name);
				return database.rows(name);
			},
			{ access: (ctx) => !database.isDenied(userOf(ctx), name) }
		);
	const feed = live.channel('feed', { ephemeral: false, max: 0 });

	const put = live((ctx, call: string, { room, id, text }: Omit<Row, 'atMs'>) => {
		if (database.isDenied(userOf(ctx), room)) throw new LiveError('FORBIDDEN', `${room} is not for ${userOf(ctx)}`);
		const row: Row = { id, room, text, atMs: Date.now() };
		database.put(call, row);
		ctx.publish(['room', room], 'created', { ...row, ...stamp() });
	});

	const remove = live((ctx, call: string, { room, id }: Omit<Row, 'atMs'>) => {
		database.remove(call, { room, id });
		ctx.publish(['room', room], 'deleted', { id, ...stamp() });
	});

	const say = live((ctx, call: string) => ctx.publish('feed', 'said', { call, ...stamp() }));

	const people = live.presence('people', (ctx) => ({ name: userOf(ctx) }));
	const places = live.cursors('places');
	/** The one place there is. */
	const seat = live.group('seat', { maxMembers: 1 });
	const sit = live((ctx) => seat.of().join(ctx));

	return { red: room('red'), blue: room('blue'), feed, put, remove, say, people, places, seat, sit };
}

/** Publishes the outcome of a call that stored something and may not have come to publish it. */
export async function repair(database: Database, publish: Publish, call: string): Promise<void> {
	const effect = database.effect(call);
	if (effect === undefined) return;
	const row = database.row(effect.row);
	if (row) await publish(['room', effect.room], 'created', { ...row, ...stamp() });
	else await publish(['room', effect.room], 'deleted', { id: effect.row, ...stamp() });
}

/** An event of a row that nobody has. */
export const mark = (): string => encodeEventBody('updated', { id: 'mark', ...stamp() });
