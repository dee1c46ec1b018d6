// What of the simulated application is loaded in pages: the lines of a room, newest first or last, plain or with names.
// Invariant: lines are numbered, stored and published in one order.

import { pipe } from '../../../src/features/pipe/pipe.ts';
import { live } from '../../../src/live/live.ts';
import type { LiveContext } from '../../../src/server/context.ts';
import { page } from '../../../src/server/page.ts';
import { named, type AppHost, type Publishes } from '../app.ts';
import type { Line, Lines } from './stored-lines.ts';

/** Lines of a page. */
export const SIZE = 3;

/** What happens to a line. */
export interface LineChange {
	room: string;
	/** Add one, rewrite one, take one away, or begin anew with a single one. */
	kind: 'add' | 'edit' | 'erase' | 'replace';
	/** Which of those that there are, counted from the newest. */
	place: number;
	text: string;
}

type Pause = ReturnType<AppHost['pause']>;

/** Who changes lines of a room holds it until that is told: the log has them in their order. */
export const lockOf = (room: string): string => `lines ${room}`;

const topicOf = (room: string): readonly [string, string] => ['lines', room];

export function makeLines(host: AppHost, mayRead: (ctx: LiveContext, room: string) => boolean) {
	const { database } = host;
	const linesOf = (room: string): Lines => database.lines.get(room) as Lines;

	/** A page of those before the cursor, from the newest down. */
	const load = async (ctx: LiveContext, room: string): Promise<{ lines: Line[]; cursor: number | null }> => {
		if (ctx.cursor !== null && !mayRead(ctx, room))
			host.violate(`a page of ${room} is loaded for somebody who may not read it`);
		await host.loading();
		const last = typeof ctx.cursor === 'number' ? ctx.cursor : Infinity;
		const older = linesOf(room).newestFirst.filter(({ id }) => id < last);
		await host.loading();
		const lines = older.slice(0, SIZE);
		const cursor = older.length > SIZE ? (lines.at(-1)?.id ?? null) : null;
		if (ctx.cursor === null)
			linesOf(room).loaded(lines, { hasMore: cursor !== null, end: database.end(topic(room)) });
		return { lines, cursor };
	};

	const newest = live.stream(
		(_, room: string) => topicOf(room),
		async (ctx, room) => {
			const { lines, cursor } = await load(ctx, room);
			return page(lines, cursor);
		},
		{ access: mayRead, prepend: true }
	);
	/** The newest is the last, as in a chat: further pages come before it. */
	const latest = live.stream(
		(_, room: string) => topicOf(room),
		async (ctx, room) => {
			const { lines, cursor } = await load(ctx, room);
			return page(lines.toReversed(), cursor);
		},
		{ access: mayRead }
	);
	const signed = pipe(
		newest,
		pipe.joinMany(
			'id',
			async (ids: number[]) => (await host.pause(), new Map(ids.map((id) => [id, named(String(id))]))),
			'name'
		),
		pipe.transform((_, { id, room, version, name }) => ({ id, room, version, name }))
	);
	const topic = (room: string): string => newest.topic(room).name;

	/**
	 * Stores and publishes; where one process is all there is, others may look between, but not write.
	 * @param pause what a call may wait for between the two: nobody waits for anything else when a process ends
	 */
	const change = async (
		{ publish }: Publishes,
		wanted: LineChange,
		pause = () => undefined as Pause
	): Promise<void> => {
		const store = (): ReturnType<Lines['change']> => {
			host.check();
			return linesOf(wanted.room).change(wanted, () => database.nextVersion());
		};
		const tell = (changed: ReturnType<Lines['change']>): void => {
			if (changed) publish(topicOf(wanted.room), ...changed);
		};
		if (host.atomic) return tell(store());
		await database.locked(lockOf(wanted.room), async () => {
			const changed = store();
			const paused = pause();
			if (paused) await paused;
			tell(changed);
		});
	};

	const line = live(async (ctx, callId: string, wanted: LineChange) => {
		await host.pause();
		database.count(callId);
		await change(ctx, wanted, () => host.pause());
		await host.pause();
		return callId;
	});

	return { newest, latest, signed, change, line };
}
