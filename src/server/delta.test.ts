// Streams that tell what has changed in their data, where their log cannot.
import { afterEach, describe, expect, it } from 'vitest';
import { memory } from '../backplanes/memory/memory.ts';
import { pipe } from '../features/pipe/pipe.ts';
import { live } from '../live/live.ts';
import { createTestEnv } from '../testing/test-env.ts';
import { page } from './page.ts';

/** A log that keeps one event: who misses two cannot resume. */
const env = createTestEnv({ backplane: () => memory({ events: 1 }) });
afterEach(() => env.cleanup());

interface Item {
	id: string;
	count: number;
}

/** Data that numbers its changes. */
class Inventory {
	readonly items = new Map<string, { item: Item | null; at: number }>();
	version = 0;
	loads = 0;
	readonly asked: unknown[] = [];
	knowsFrom = 0;
	/** Runs before `diff` answers. */
	meanwhile: (() => unknown) | null = null;

	set(id: string, count: number | null): void {
		this.items.set(id, { item: count === null ? null : { id, count }, at: ++this.version });
	}

	readonly load = (): Item[] => {
		this.loads++;
		return this.rows;
	};

	get rows(): Item[] {
		return [...this.items.values()].flatMap(({ item }) => item ?? []);
	}

	readonly delta = {
		version: () => this.version,
		diff: async (_: unknown, since: string | number) => {
			this.asked.push(since);
			if (Number(since) < this.knowsFrom) return null;
			const changed = [...this.items].filter(([, { at }]) => at > Number(since));
			await this.meanwhile?.();
			return {
				upserted: changed.flatMap(([, { item }]) => item ?? []),
				deleted: changed.flatMap(([id, { item }]) => (item === null ? [id] : []))
			};
		}
	};
}

function open() {
	const inventory = new Inventory();
	for (const id of ['a', 'b', 'c']) inventory.set(id, 1);
	const items = live.stream('items', inventory.load, { delta: inventory.delta });
	env.register('m', { items });
	const reader = env.connect({ id: 'ada' });
	const list = reader.subscribe(items);
	/** Changes the data, and publishes it unless that is to be a secret. */
	const change = async (id: string, count: number | null): Promise<void> => {
		const isNew = !inventory.items.get(id)?.item;
		inventory.set(id, count);
		if (count === null) await env.publish(items.topic(), 'deleted', { id });
		else await env.publish(items.topic(), isNew ? 'created' : 'updated', { id, count });
	};
	return { inventory, items, reader, list, change };
}

describe('a stream with a delta', () => {
	it('gives only what has changed to a client that cannot resume', async () => {
		const { inventory, reader, list, change } = open();
		await list.ready;
		reader.disconnect();
		await change('a', 5);
		await change('b', null);
		await change('d', 7);
		await reader.reconnect();
		await env.settle();
		expect(list.value).toEqual(inventory.rows);
		expect([inventory.loads, inventory.asked, list.resets]).toEqual([1, [3], []]);
		expect(list.events.map(({ event }) => event)).toEqual(['deleted', 'created', 'created']);
		await change('c', 9);
		await env.settle();
		expect(list.value).toEqual(inventory.rows);
	});

	it('asks from there the next time', async () => {
		const { inventory, reader, list, change } = open();
		await list.ready;
		for (let turn = 0; turn < 3; turn++) {
			reader.disconnect();
			await change('a', turn + 10);
			await change('b', turn + 20);
			await reader.reconnect();
			await env.settle();
		}
		expect([list.value, inventory.asked, inventory.loads]).toEqual([inventory.rows, [3, 5, 7], 1]);
	});

	it('sends nothing where the data is what it was', async () => {
		const { inventory, items, reader, list } = open();
		await list.ready;
		reader.disconnect();
		for (let time = 0; time < 3; time++) await env.publish(items.topic(), 'updated', { id: 'a', count: 1 });
		await reader.reconnect();
		await env.settle();
		expect([list.value, inventory.loads, inventory.asked]).toEqual([inventory.rows, 1, []]);
		expect(list.connected).toBe(true);
	});

	it('asks nothing where the log has what was missed', async () => {
		const { inventory, reader, list, change } = open();
		await list.ready;
		reader.disconnect();
		await change('a', 5);
		await reader.reconnect();
		await env.settle();
		expect([list.value, inventory.loads, inventory.asked]).toEqual([inventory.rows, 1, []]);
	});

	it('gives the whole value where what has changed is not known', async () => {
		const { inventory, reader, list, change } = open();
		await list.ready;
		reader.disconnect();
		await change('a', 5);
		await change('b', null);
		inventory.knowsFrom = 4;
		await reader.reconnect();
		await env.settle();
		expect([list.value, inventory.loads, list.resets]).toEqual([inventory.rows, 2, ['evicted']]);
	});

	it('has what happens while it asks', async () => {
		const { inventory, reader, list, change } = open();
		await list.ready;
		reader.disconnect();
		await change('a', 5);
		await change('b', 6);
		inventory.meanwhile = () => change('c', 8);
		await reader.reconnect();
		await env.settle();
		expect(list.value).toEqual(inventory.rows);
		expect(inventory.loads).toBe(1);
	});

	it('loads anew for `refresh`', async () => {
		const { inventory, list } = open();
		await list.ready;
		inventory.set('a', 4);
		await list.stream.refresh();
		expect([list.value, inventory.loads, inventory.asked]).toEqual([inventory.rows, 2, []]);
	});

	it('shows what has changed as its view does', async () => {
		const inventory = new Inventory();
		inventory.set('a', 1);
		const plain = live.stream('items', inventory.load, { delta: inventory.delta });
		const items = pipe(
			plain,
			pipe.transform((_, { id, count }: Item) => ({ id, double: count * 2 }))
		);
		env.register('m', { items });
		const reader = env.connect({ id: 'ada' });
		const list = reader.subscribe(items);
		await list.ready;
		reader.disconnect();
		inventory.set('a', 4);
		for (let time = 0; time < 3; time++) await env.publish('items', 'updated', { id: 'a', count: 4 });
		await reader.reconnect();
		await env.settle();
		expect([list.value, inventory.loads]).toEqual([[{ id: 'a', double: 8 }], 1]);
	});

	it.each([
		['no number and no text', {} as never],
		['an empty text', ''],
		['a text of more than 64 characters', 'x'.repeat(65)],
		['no finite number', NaN]
	])('fails where its version is %s', async (_, version) => {
		const errors: string[] = [];
		const strict = createTestEnv({ onError: (_path, error) => errors.push(String(error)) });
		const delta = { version: () => version, diff: () => null };
		strict.register('m', { items: live.stream('items', () => [{ id: 'a' }], { delta }) });
		await expect(strict.connect(null).subscribe('m/items').ready).rejects.toMatchObject({ code: 'INTERNAL' });
		expect(errors).toEqual([expect.stringMatching(/delta\.version of "m\/items" gave .*1 to 64 characters/)]);
		await strict.cleanup();
	});

	it('cannot be loaded in pages', async () => {
		const errors: string[] = [];
		const strict = createTestEnv({ onError: (_path, error) => errors.push(String(error)) });
		const delta = { version: () => 1, diff: () => null };
		strict.register('m', { items: live.stream('items', () => page([{ id: 'a' }], 1), { delta }) });
		await expect(strict.connect(null).subscribe('m/items').ready).rejects.toMatchObject({ code: 'INTERNAL' });
		expect(errors).toEqual([expect.stringMatching(/cannot be paged: what "delta" tells/)]);
		await strict.cleanup();
	});

	it.each([{ max: 5 }, { ephemeral: true }, { merge: 'latest' as const }])('is refused with %j', (options) => {
		const delta = { version: () => 1, diff: () => null };
		expect(() => live.stream('items', () => [{ id: 'a' }], { delta, ...options })).toThrow('"delta" is for');
	});
});
