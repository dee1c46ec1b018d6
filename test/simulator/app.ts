// The live module of the simulated application. Every process has its own copy, which fails from the moment on when its
// process crashes: what was running then never comes to write or publish anything.

import { LiveError } from '../../src/base/errors.ts';
import { pipe } from '../../src/features/pipe/pipe.ts';
import type { LiveContext } from '../../src/server/context.ts';
import { live } from '../../src/live/live.ts';
import { USERS, type Database, type Note, type Post, type Row, type Seat } from './database.ts';
import { makeLines } from './pages/lines.ts';

/** What the module needs of the process that it runs in. */
export interface AppHost {
	readonly database: Database;
	/** Waits for a random time, or not at all. Rejects when the process has crashed meanwhile. */
	pause(): Promise<void> | undefined;
	/** The same for loads, some of which fail. */
	loading(): Promise<void> | undefined;
	/** Throws when the process has crashed. */
	check(): void;
	/** Something happens that must not. */
	violate(problem: string): void;
	/** Whether writes are published at once: then no crash comes between. */
	readonly atomic: boolean;
}

/** What a call writes: a row of a room. */
export interface Write {
	room: string;
	id: string;
	text: string;
}

/** The context of a handler, or code that publishes by itself. */
export type Publishes = Pick<LiveContext, 'publish'>;

/** `User` belongs to the application under test, whichever that is. */
const userOf = (ctx: Pick<LiveContext, 'user'>): string => (ctx.user as { id: string }).id;

/** What views let through, and what they make of it. */
export const isShort = ({ text }: Pick<Row, 'text'>): boolean => text.length < 100;
export const isOwn = (user: string, version: number): boolean => version % USERS.length !== USERS.indexOf(user);
export const named = (id: string): string => `name of ${id}`;

export type App = ReturnType<typeof makeApp>;

export function makeApp(host: AppHost) {
	const { database } = host;
	const mayRead = (ctx: LiveContext, room: string): boolean => database.granted.has(`${userOf(ctx)} ${room}`);
	const rowsOf = (room: string): Map<string, Row> => database.rooms.get(room) as Map<string, Row>;
	const loadRows = async (_: LiveContext, room: string): Promise<Row[]> => {
		await host.loading();
		const rows = [...rowsOf(room).values()];
		await host.loading();
		return rows;
	};

	const cards = live.stream((_, room: string) => ['room', room], loadRows, { access: mayRead });
	/** A second stream on the same topic. */
	const titles = live.stream((_, room: string) => ['room', room], loadRows, { access: mayRead, prepend: true });
	const short = pipe(
		cards,
		pipe.filter((_, row) => isShort(row))
	);
	/** Everybody sees something else of it. */
	const own = pipe(
		cards,
		pipe.filter((ctx, { version }) => isOwn(userOf(ctx), version)),
		pipe.sort('version', 'desc'),
		pipe.limit(3)
	);
	const bare = pipe(
		cards,
		pipe.joinMany(
			'id',
			async (ids: string[]) => (await host.pause(), new Map(ids.map((id) => [id, named(id)]))),
			'name'
		),
		pipe.transform((_, { id, room, version, name }) => ({ id, room, version, name }))
	);
	const setting = live.stream(
		'setting',
		async () => {
			await host.loading();
			return { ...database.setting };
		},
		{ merge: 'set' }
	);
	const feed = live.channel('feed', { ephemeral: false, max: 0 });
	/** Bounded views of the same topics. */
	const recent = live.channel('feed', { ephemeral: false, max: 3 });
	const top = live.stream((_, room: string) => ['room', room], loadRows, { access: mayRead, prepend: true, max: 4 });
	const chat = live.stream(
		'feed',
		async (): Promise<Post[]> => {
			await host.loading();
			return [...database.posts];
		},
		{ merge: 'latest', max: 0 }
	);
	const inbox = live.stream(
		(ctx) => ['inbox', userOf(ctx)],
		async (ctx): Promise<Note[]> => {
			await host.loading();
			return [...(database.notes.get(userOf(ctx)) ?? [])];
		}
	);
	/** On one topic for all, but everybody sees something else. */
	const greeting = live.stream(
		'greeting',
		async (ctx) => {
			await host.loading();
			return { viewer: userOf(ctx) };
		},
		{ merge: 'set' }
	);
	const presence = live.stream(
		'presence',
		async (): Promise<Seat[]> => (await host.loading(), [...database.seats.values()]),
		{
			merge: 'presence'
		}
	);
	const cursors = live.stream(
		'cursors',
		async (): Promise<Seat[]> => (await host.loading(), [...database.cursors.values()]),
		{
			merge: 'cursor'
		}
	);

	const { line, change, ...lists } = makeLines(host, mayRead);

	/** Writes a row and publishes it, in this order and with nobody between. */
	const writeRow = (ctx: Publishes, { room, id, text }: Write): void => {
		const rows = rowsOf(room);
		const known = rows.has(id);
		const row: Row = { id, room, version: database.nextVersion(), text };
		rows.set(id, row);
		ctx.publish(cards.topic(room), known ? 'updated' : 'created', row);
	};

	const writePost = (ctx: Publishes, post: Post): void => {
		database.posts.push(post);
		ctx.publish(feed.topic(), 'post', { ...post });
	};

	const put = live(async (ctx, callId: string, { room, id, text }: Write) => {
		await host.pause();
		if (host.atomic) {
			database.count(callId);
			writeRow(ctx, { room, id, text });
		} else {
			await database.locked(`${room} ${id}`, async () => {
				await host.pause();
				database.count(callId);
				const rows = rowsOf(room);
				const known = rows.has(id);
				const row: Row = { id, room, version: database.nextVersion(), text };
				rows.set(id, row);
				await host.pause();
				ctx.publish(cards.topic(room), known ? 'updated' : 'created', row);
			});
		}
		await host.pause();
		return id;
	});

	const remove = live(async (ctx, callId: string, { room, id }: Write) => {
		await host.pause();
		await database.locked(`${room} ${id}`, async () => {
			if (!host.atomic) await host.pause();
			host.check();
			database.count(callId);
			if (!rowsOf(room).delete(id)) throw new LiveError('NOT_FOUND', `no ${id}`);
			ctx.publish(cards.topic(room), 'deleted', { id });
		});
		return id;
	});

	/** Several rows, a setting and a post at once. */
	const many = live((ctx, callId: string, { room, text }: Write) => {
		host.check();
		database.count(callId);
		for (const id of ['m1', 'm2']) writeRow(ctx, { room, id, text });
		database.setting = { number: database.nextVersion() };
		ctx.publish(setting.topic(), 'set', { ...database.setting });
		writePost(ctx, { id: callId, text });
		return callId;
	});

	const post = live(async (ctx, callId: string, text: string) => {
		await host.pause();
		database.count(callId);
		writePost(ctx, { id: callId, text });
		await host.pause();
		return callId;
	});

	const note = live(async (ctx, callId: string) => {
		await host.pause();
		database.count(callId);
		const added: Note = { id: callId, user: userOf(ctx) };
		database.notes.get(userOf(ctx))?.push(added);
		ctx.publish(inbox.topicFor(ctx), 'created', added);
		return callId;
	});

	const sit = live((ctx, callId: string, key: string) => {
		host.check();
		database.count(callId);
		const seat: Seat = { key, version: database.nextVersion() };
		database.seats.set(key, seat);
		ctx.publish(presence.topic(), 'join', seat);
	});

	const stand = live((ctx, callId: string, key: string) => {
		host.check();
		database.count(callId);
		database.seats.delete(key);
		ctx.publish(presence.topic(), 'leave', { key });
	});

	const move = live((ctx, callId: string, key: string) => {
		host.check();
		database.count(callId);
		const seat: Seat = { key, version: database.nextVersion() };
		database.cursors.set(key, seat);
		ctx.publish(cursors.topic(), 'update', seat);
	});

	const look = live.query(async (_, room: string) => {
		await host.pause();
		return rowsOf(room).size;
	});

	const refuse = live(async (_, callId: string) => {
		await host.pause();
		throw new LiveError('CONFLICT', callId);
	});

	/** A row changes that nobody else writes, and no event says so. */
	const rewrite = (room: string): void => {
		host.check();
		rowsOf(room).set('silent', { id: 'silent', room, version: database.nextVersion(), text: 'silent' });
	};

	const streams = {
		cards,
		titles,
		top,
		short,
		own,
		bare,
		setting,
		feed,
		recent,
		chat,
		inbox,
		greeting,
		presence,
		cursors,
		...lists
	};
	return {
		streams,
		writeRow,
		rewrite,
		change,
		exports: { ...streams, line, put, remove, many, post, note, sit, stand, move, look, refuse }
	};
}
