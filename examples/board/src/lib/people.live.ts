// Who has a board open, and where they point.
import { live } from 'tidewire/server';
import * as v from 'valibot';
import type { Cursor } from './model.ts';
import { id } from './schemas.ts';
import { mayOpen, requireBoard } from './server/access.ts';
import { Attendance } from './server/attendance.ts';

const attendance = new Attendance();

export const people = live.stream(
	(_ctx, boardId: string) => ['board', boardId, 'people'],
	(_ctx, boardId) => attendance.of(boardId),
	{
		merge: 'presence',
		key: 'id',
		args: [id],
		access: mayOpen,
		onSubscribe(ctx, topic, boardId) {
			if (attendance.enter(boardId, ctx.user, ctx.connection.id)) ctx.publish(topic, 'join', ctx.user);
		},
		onUnsubscribe(ctx, topic, boardId) {
			const { user, connection } = ctx;
			const gone = () => ctx.publish(topic, 'leave', { id: user.id });
			attendance.exit({ boardId, personId: user.id, tab: connection.id }, gone);
		}
	}
);

export const cursors = live.channel<Cursor>()((_ctx, boardId: string) => ['board', boardId, 'cursors'], {
	merge: 'cursor',
	key: 'key',
	args: [id],
	access: mayOpen,
	onUnsubscribe(ctx, topic) {
		ctx.publish(topic, 'remove', { key: ctx.connection.id });
	}
});

const pointer = v.object({
	columnId: id,
	x: v.pipe(v.number(), v.minValue(-1), v.maxValue(2)),
	y: v.pipe(v.number(), v.minValue(-1), v.maxValue(100_000)),
	cardId: v.nullable(id)
});

/** Tells the others where the caller points; null takes the pointer away. */
export const point = live.validated(
	v.object({ boardId: id, tab: id, pointer: v.nullable(pointer) }),
	(ctx, { boardId, tab, pointer }) => {
		requireBoard(ctx, boardId);
		const key = ctx.connection.id;
		if (!pointer) return ctx.publish(cursors.topic(boardId), 'remove', { key });
		const cursor: Cursor = { key, tab, person: ctx.user, ...pointer };
		ctx.publish(cursors.topic(boardId), 'update', cursor);
	}
);
