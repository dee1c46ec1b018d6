// What a room may say, and what the compiler refuses.

import * as v from 'valibot';
import { expectTypeOf } from 'vitest';
import type { LiveCall } from '../../base/surface.ts';
import { validated } from '../../server/define-call.ts';
import { room } from './room.ts';

interface Card {
	id: string;
	title: string;
}
declare function load(board: string): Promise<Card[]>;

const board = room({
	topic: (_ctx, boardId: string) => ['board', boardId],
	init: (_ctx, boardId) => load(boardId),
	guard: (ctx, boardId) => expectTypeOf(boardId).toEqualTypeOf<string>() && ctx.user,
	presence: (_ctx, boardId) => ({ name: 'Ada', at: boardId }),
	cursors: true,
	onJoin: (ctx, person, boardId) => {
		expectTypeOf(boardId).toEqualTypeOf<string>();
		return ctx.publish('created', { id: person.key, title: 'came' });
	},
	actions: {
		addCard: async (ctx, boardId, title: string) => {
			expectTypeOf(boardId).toEqualTypeOf<string>();
			const card = { id: 'c', title };
			ctx.publish('created', card);
			ctx.publish('deleted', { id: 'c' });
			// @ts-expect-error -- there is no such event
			ctx.publish('create', card);
			// @ts-expect-error -- the row has no title
			ctx.publish('created', { id: 'c' });
			ctx.publish(['log', boardId], 'added', card);
			return card;
		},
		clear: (ctx) => ctx.publish('set', [])
	},
	calls: { rename: validated([v.string(), v.string()], (_ctx, boardId, title) => boardId + title) }
});

expectTypeOf(board.data('b').current).toEqualTypeOf<Card[] | undefined>();
expectTypeOf(board.presence('b').current).toEqualTypeOf<{ name: string; at: string; key: string }[] | undefined>();
expectTypeOf(board.cursors('b').current).toExtend<{ x: number; y: number; key: string }[] | undefined>();
board.cursors('b').move({ x: 1, y: 2 });
board.cursors('b').move(null);
// @ts-expect-error -- y is missing
board.cursors('b').move({ x: 1 });
expectTypeOf(board.addCard).toEqualTypeOf<LiveCall<[boardId: string, title: string], Card>>();
expectTypeOf(board.clear).parameters.toExtend<[string]>();
expectTypeOf(board.rename('b', 'x')).toEqualTypeOf<Promise<string>>();
// @ts-expect-error -- the argument is missing
board.data();
// @ts-expect-error -- the title is missing
void board.addCard('b');
// @ts-expect-error -- there is no such action
void board.removeCard;

const quiet = room({ topic: 'lobby', init: () => [] as Card[], actions: {} });
expectTypeOf(quiet.data.current).toEqualTypeOf<Card[] | undefined>();
// @ts-expect-error -- nobody is told who is here
void quiet.presence;
// @ts-expect-error -- nor where they point
void quiet.cursors;

const typed = room({
	topic: (_ctx, id: number) => ['doc', id],
	init: () => ({ text: '' }),
	merge: 'set',
	presence: {
		data: () => ({ name: 'Ada', typing: false }),
		update: v.object({ typing: v.boolean() }),
		graceMs: 1_000
	},
	cursors: { data: () => ({ name: 'Ada' }), place: v.object({ line: v.number() }), throttleMs: 20 },
	actions: { save: (ctx, id, text: string) => (ctx.publish('set', { text }), id) }
});
expectTypeOf<ReturnType<typeof typed.presence>['update']>().parameter(0).toEqualTypeOf<{ typing: boolean }>();
typed.cursors(1).move({ line: 5 });
expectTypeOf(typed.cursors(1).current).toExtend<{ line: number; name: string; key: string }[] | undefined>();
expectTypeOf(typed.save(1, 'x')).toEqualTypeOf<Promise<number>>();
