import { expectTypeOf } from 'vitest';
import { live } from '../../live/live.ts';
import { gate } from '../gate.ts';
import { invalidate } from '../invalidate.ts';
import { pipe } from './pipe.ts';

interface Card {
	id: string;
	title: string;
	at: number;
	author: number;
	secret: string;
}

const cards = live.stream(
	(_ctx, board: string) => ['board', board],
	(): Card[] => []
);

// Rows change from step to step, and a component sees the last ones.
const shown = pipe(
	cards,
	pipe.filter((_ctx, card) => card.title !== ''),
	pipe.sort('at', 'desc'),
	pipe.limit(20),
	pipe.join('author', async (id: number) => `user ${id}`, 'name'),
	pipe.transform((_ctx, { id, title, name }) => ({ id, title, name }))
);
expectTypeOf<Parameters<typeof shown.topic>>().toEqualTypeOf<[board: string]>();
expectTypeOf(shown('b').current).toEqualTypeOf<{ id: string; title: string; name: string | undefined }[] | undefined>();
shown('b').optimistic('created', { id: 'a', title: 't', name: 'n' });
// What is published is what the stream stores.
live((ctx) => ctx.publish(shown.topic('b'), 'created', { id: 'a', title: 't', at: 1, author: 1, secret: 's' }));
// @ts-expect-error -- rows have no such field
pipe(cards, pipe.sort('missing'));
pipe(
	cards,
	pipe.transform((_ctx, { id }) => ({ id })),
	// @ts-expect-error -- the transform has taken it away
	pipe.filter((_ctx, { title }) => title !== '')
);

const setting = live.stream('setting', () => ({ theme: 'dark', secret: 1 }), { merge: 'set' });
const theme = pipe(
	setting,
	pipe.transform((_ctx, value) => value.theme)
);
expectTypeOf(theme().current).toEqualTypeOf<string | undefined>();

const gated = gate((ctx, board) => board === ctx.path, cards);
expectTypeOf(gated('b').current).toEqualTypeOf<Card[] | undefined>();
expectTypeOf<Parameters<typeof gated.topic>>().toEqualTypeOf<[board: string]>();

void invalidate(shown, 'b');
void invalidate(shown.topic('b'));
// @ts-expect-error -- the board is missing
void invalidate(shown);
