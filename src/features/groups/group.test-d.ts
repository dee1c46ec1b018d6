// What a group may say, and what the compiler refuses.

import { expectTypeOf } from 'vitest';
import type { LiveContext } from '../../server/context.ts';
import { group } from './group.ts';

interface Move {
	to: string;
}
declare const ctx: LiveContext;

const game = group<Move>()((_ctx, id: string) => ['game', id], {
	meta: { turn: 'white' },
	role: (_ctx, id) => (id === '' ? null : 'player'),
	onJoin: (context, member, id) => {
		expectTypeOf(member.role).toEqualTypeOf<string>();
		expectTypeOf(id).toEqualTypeOf<string>();
		return context.publish(['log'], 'joined', member.connection);
	}
});
expectTypeOf(game('g').current).toEqualTypeOf<Move[] | undefined>();
expectTypeOf(game.meta('g').current).toEqualTypeOf<{ turn: string } | null | undefined>();
expectTypeOf(game.of('g').join(ctx, 'player')).toEqualTypeOf<Promise<boolean>>();
expectTypeOf(game.of('g').getMeta()).toEqualTypeOf<Promise<{ turn: string }>>();
void game.of('g').publish('moved', { to: 'e4' }, { role: 'player' });
void game.of('g').setMeta(({ turn }) => ({ turn: `${turn}!` }));
// @ts-expect-error -- a move says where to
void game.of('g').publish('moved', {});
// @ts-expect-error -- the metadata has a turn
void game.of('g').setMeta({ turns: 'black' });
// @ts-expect-error -- the argument is missing
game.of();

const lobby = group('lobby');
expectTypeOf(lobby.current).toEqualTypeOf<Record<string, unknown>[] | undefined>();
void lobby.of().publish('said', { text: 'hello' });
