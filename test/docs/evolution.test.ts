// The examples of docs/evolution.md, run: their files are written beside each other, on the sources instead of the package.
import { afterEach, describe, expect, it } from 'vitest';
import { memory } from '../../src/backplanes/memory/memory.ts';
import { createTestEnv } from '../../src/testing/test-env.ts';
import { runExamples } from './run-examples.ts';

const load = runExamples('evolution');

const env = createTestEnv();
afterEach(() => env.cleanup());

interface Post {
	id: number;
	text: string;
}

describe('docs/evolution.md', () => {
	it('loads a feed in pages, while posts come', async () => {
		const { table } = await load<{ table: Post[] }>('lib/server/posts.ts');
		table.push(...Array.from({ length: 45 }, (_, id) => ({ id, text: `post ${id}` })));
		env.register('lib/feed', await load<object>('lib/feed.live.ts'));
		const posts = env.connect({ id: 'ada' }).subscribe('lib/feed/posts');
		expect(await posts.ready).toHaveLength(20);
		await env.publish('posts', 'created', { id: 45, text: 'new' });
		while (posts.stream.state.hasMore) await posts.stream.loadMore();
		await env.settle();
		expect((posts.value as Post[]).map(({ id }) => id)).toEqual(
			Array.from({ length: 46 }, (_, index) => 45 - index)
		);
	});

	it.each([
		[3, { id: 'a', name: 'Buy sails', labels: ['shop', 'soon'] }],
		[2, { id: 'a', name: 'Buy sails', label: 'shop' }],
		[1, { id: 'a', title: 'Buy sails' }]
	])('serves pages of version %i', async (version, card) => {
		env.register('lib/cards', await load<object>('lib/cards.live.ts'));
		const cards = env.connect({ id: 'ada' }).client.stream('lib/cards/cards', [], version);
		cards.onChange(() => {});
		await env.settle();
		expect(cards.state.value).toEqual([card]);
	});

	it('brings a page up to date by what has changed in the stock, once the log has forgotten it', async () => {
		const short = createTestEnv({ backplane: () => memory({ events: 1 }) });
		const stock = await load<Stock>('lib/server/stock.ts');
		for (const sku of ['rope', 'sail', 'oar']) stock.put(sku, 3);
		short.register('lib/stock', await load<object>('lib/stock.live.ts'));
		const reader = short.connect({ id: 'ada' });
		const list = reader.subscribe('lib/stock/stock');
		await list.ready;
		const comeBack = async (): Promise<void> => {
			for (let time = 0; time < 2; time++) await short.publish('stock', 'updated', stock.allItems()[0]);
			await reader.reconnect();
			await short.settle();
			expect(list.value).toEqual(stock.allItems());
		};
		reader.disconnect();
		stock.remove('sail');
		stock.put('mast', 1);
		await comeBack();
		expect([list.resets, list.events.map(({ event }) => event)]).toEqual([[], ['deleted', 'created']]);
		reader.disconnect();
		stock.put('oar', 1);
		stock.forgetDeleted();
		await comeBack();
		expect(list.resets).toEqual(['evicted']);
		await short.cleanup();
	});
});

interface Stock {
	put(sku: string, left: number): void;
	remove(sku: string): void;
	forgetDeleted(): void;
	allItems(): { sku: string }[];
}
