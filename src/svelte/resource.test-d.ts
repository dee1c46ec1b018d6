import { fromStore, type Readable as Store } from 'svelte/store';
import { expectTypeOf } from 'vitest';
import type { LiveResource, LiveSnapshot, LiveStreamFactory } from '../base/surface.ts';
import type { StreamSource } from './stream-source.ts';
import { StreamResource } from './resource.ts';
import type { Viewable } from './viewable.ts';

interface Card {
	id: number;
	title: string;
}
interface Events {
	created: Card;
	deleted: { id: number };
}

declare const cards: LiveStreamFactory<[board: string], Card[], Events>;
declare const messages: LiveStreamFactory<[], Card[], Events>;
declare const snapshot: LiveSnapshot<Card[]>;
declare const source: StreamSource;

// What `await` and `for await` give.
expectTypeOf<Awaited<LiveResource<Card[], Events>>>().toEqualTypeOf<Card[]>();
for await (const value of cards('b1')) expectTypeOf(value).toEqualTypeOf<Card[]>();

// The store contract, as `$resource` and svelte/store read it.
expectTypeOf(cards('b1')).toExtend<Store<Card[] | undefined>>();
expectTypeOf(fromStore(cards('b1')).current).toEqualTypeOf<Card[] | undefined>();

// A stream with arguments is no resource by itself; one without is.
expectTypeOf(cards).not.toHaveProperty('current');
expectTypeOf(messages).toExtend<Viewable<Card[]>>();
expectTypeOf(messages().current).toEqualTypeOf<Card[] | undefined>();

// A snapshot of other rows does not fit.
expectTypeOf(cards('b1').hydrate(snapshot).current).toEqualTypeOf<Card[] | undefined>();
// @ts-expect-error -- a snapshot of numbers
cards('b1').hydrate({ ...snapshot, value: [1] });

// Events carry the data of their name.
cards('b1').optimistic('deleted', { id: 1 });
// @ts-expect-error -- no such event
cards('b1').optimistic('moved', { id: 1 });
// @ts-expect-error -- a created card has a title
cards('b1').optimistic('created', { id: 1 });
expectTypeOf(cards('b1').mutate('deleted', { id: 1 }, async () => 7)).toEqualTypeOf<Promise<number>>();

// The class keeps the promises of the surface.
expectTypeOf(new StreamResource<Card[], Events>(source, 'key')).toExtend<LiveResource<Card[], Events>>();
