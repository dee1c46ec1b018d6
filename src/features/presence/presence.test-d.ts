// What a list of who is present may say, and what the compiler refuses.

import * as v from 'valibot';
import { expectTypeOf } from 'vitest';
import { presence } from './presence.ts';

const people = presence(
	(_ctx, boardId: string) => ['board', boardId],
	(ctx, boardId) => ({ name: `${ctx.user.id} ${boardId}`, typing: false }),
	{
		update: v.object({ typing: v.boolean() }),
		access: (_ctx, boardId) => boardId !== '',
		onJoin: (ctx, person, boardId) => {
			expectTypeOf(person).toEqualTypeOf<{ name: string; typing: boolean; key: string }>();
			return ctx.publish(['log', boardId], 'joined', person);
		}
	}
);
expectTypeOf(people('b').current).toEqualTypeOf<{ name: string; typing: boolean; key: string }[] | undefined>();
expectTypeOf<ReturnType<typeof people>['update']>().parameter(0).toEqualTypeOf<{ typing: boolean }>();
expectTypeOf(people.list('b')).toEqualTypeOf<Promise<{ name: string; typing: boolean; key: string }[]>>();
// @ts-expect-error -- the argument is missing
people();
// @ts-expect-error -- there is no such field
void people('b').update({ typed: true });

const lobby = presence('lobby', (ctx) => (ctx.user.id === 'bot' ? null : { name: 'x' }));
expectTypeOf(lobby.current).toEqualTypeOf<{ name: string; key: string }[] | undefined>();
// @ts-expect-error -- nothing may be changed
void lobby.update({ name: 'y' });
// @ts-expect-error -- the schema makes something that is not shown
presence('lobby', () => ({ name: 'x' }), { update: v.object({ nam: v.number() }) });
