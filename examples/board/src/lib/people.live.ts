// Who has a board open, what they write, and where they point.
import { live } from 'tidewire/server';
import * as v from 'valibot';
import type { Attendee } from './model.ts';
import { id } from './schemas.ts';
import { mayOpen } from './server/access.ts';

export const people = live.presence(
	(_ctx, boardId: string) => ['board', boardId, 'people'],
	({ user }): Attendee => ({ id: user.id, name: user.name, isTyping: false, writes: null }),
	{ args: [id], access: mayOpen, update: v.partial(v.object({ isTyping: v.boolean(), writes: v.nullable(id) })) }
);

const place = v.object({
	tab: id,
	columnId: id,
	x: v.pipe(v.number(), v.minValue(-1), v.maxValue(2)),
	y: v.pipe(v.number(), v.minValue(-1), v.maxValue(100_000)),
	cardId: v.nullable(id)
});

/** One for each tab: somebody may look at the board on two screens. */
export const cursors = live.cursors((_ctx, boardId: string) => ['board', boardId, 'cursors'], {
	key: (ctx) => ctx.connection.id,
	data: (ctx) => ({ person: ctx.user }),
	place,
	args: [id],
	access: mayOpen
});
