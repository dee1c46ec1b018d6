// Streams whose rows have changed their shape, and pages of earlier and later builds.
import { afterEach, describe, expect, it } from 'vitest';
import { pipe } from '../features/pipe/pipe.ts';
import { live } from '../live/live.ts';
import { createTestEnv } from '../testing/test-env.ts';
import { page } from './page.ts';

const env = createTestEnv();
afterEach(() => env.cleanup());

interface Card {
	id: number;
	name: { first: string };
}

/** Version 1: `{ id, title }`; 2: `{ id, name }`; 3: as it is. */
const migrate = {
	2: (row: Card) => ({ id: row.id, name: row.name.first }),
	1: ({ id, name }: { id: number; name: string }) => ({ id, title: name })
};

const card = (id: number): Card => ({ id, name: { first: `n${id}` } });

const cards = live.stream('cards', () => [card(1)], { version: 3, migrate });

const ofVersion = (version: number | undefined, path = 'm/cards') => {
	const { client } = env.connect({ id: 'ada' });
	const stream = client.stream(path, [], version);
	stream.onChange(() => {});
	return stream;
};

/** What rows each version gets, and then the event of another row. */
const SHAPES: [version: number | undefined, of: (id: number) => unknown][] = [
	[undefined, card],
	[3, card],
	[2, (id) => ({ id, name: `n${id}` })],
	[1, (id) => ({ id, title: `n${id}` })]
];

describe('a stream with versions', () => {
	it.each(SHAPES)('gives a page of version %s the rows that it knows, at first and later', async (version, of) => {
		env.register('m', { cards });
		const stream = ofVersion(version);
		await env.settle();
		expect(stream.state.value).toEqual([of(1)]);
		await env.publish(cards.topic(), 'created', card(2));
		await env.publish(cards.topic(), 'updated', card(1));
		await env.settle();
		expect(stream.state.value).toEqual([of(1), of(2)]);
		await env.publish(cards.topic(), 'deleted', { id: 1 });
		await env.publish(cards.topic(), 'set', [card(4)]);
		await env.settle();
		expect(stream.state.value).toEqual([of(4)]);
	});

	it.each(SHAPES)('gives a page of version %s what it has missed as it knows it', async (version, of) => {
		env.register('m', { cards });
		const reader = env.connect({ id: 'ada' });
		const applied: string[] = [];
		reader.client.configure({ onApply: ({ change }) => applied.push(change.kind) });
		const stream = reader.client.stream('m/cards', [], version);
		stream.onChange(() => {});
		await env.settle();
		reader.disconnect();
		await env.publish(cards.topic(), 'created', card(2));
		await reader.reconnect();
		await env.settle();
		expect(stream.state.value).toEqual([of(1), of(2)]);
		expect(applied).toEqual(['value', 'event']);
	});

	it.each(SHAPES)('gives a page of version %s further pages as it knows them', async (version, of) => {
		const list = live.stream(
			'list',
			({ cursor }) => (cursor === null ? page([card(2)], 2) : page([card(1)], null)),
			{ version: 3, migrate, prepend: true }
		);
		env.register('m', { list });
		const stream = ofVersion(version, 'm/list');
		await env.settle();
		await stream.loadMore();
		expect(stream.state.value).toEqual([of(2), of(1)]);
	});

	it('migrates what its pipe shows', async () => {
		const piped = pipe(
			cards,
			pipe.filter((_, { id }: Card) => id !== 1),
			pipe.transform((_, row: Card) => ({ ...row, name: { first: row.name.first.toUpperCase() } }))
		);
		env.register('m', { cards: piped });
		const stream = ofVersion(1);
		await env.settle();
		await env.publish(cards.topic(), 'created', card(2));
		await env.settle();
		expect(stream.state.value).toEqual([{ id: 2, title: 'N2' }]);
	});

	it('makes the rows of a version once for all its pages', async () => {
		let made = 0;
		const counted = live.stream('cards', () => [], {
			version: 2,
			migrate: { 1: (row: Card) => (made++, { id: row.id }) }
		});
		env.register('m', { cards: counted });
		const streams = Array.from({ length: 5 }, () => ofVersion(1));
		await env.settle();
		await env.publish(counted.topic(), 'created', card(1) as never);
		await env.settle();
		expect(streams.map(({ state }) => state.value)).toEqual(Array.from({ length: 5 }, () => [{ id: 1 }]));
		expect(made).toBe(1);
	});

	it('takes a page that says no version for one from before, where it makes version 0', async () => {
		const since = live.stream('cards', () => [card(1)], {
			version: 1,
			migrate: { 0: (row: Card) => ({ id: row.id }) }
		});
		env.register('m', { cards: since });
		const stream = ofVersion(undefined);
		await env.settle();
		expect(stream.state.value).toEqual([{ id: 1 }]);
		expect(await env.connect({ id: 'ada' }).subscribe(since).ready).toEqual([card(1)]);
	});

	it('is refused to a page that is too old, which hears of it once and does not try again', async () => {
		const narrow = live.stream(
			(_ctx, id: string) => ['cards', id],
			() => [card(1)],
			{ version: 3, migrate: { 2: migrate[2] } }
		);
		env.register('m', { cards: narrow });
		const reader = env.connect({ id: 'ada' });
		const told: string[] = [];
		const errors: string[] = [];
		reader.client.configure({
			onUpgradeRequired: (path) => told.push(path),
			onError: ({ code }) => errors.push(code)
		});
		const streams = ['a', 'b'].map((id) => reader.client.stream('m/cards', [id], 1));
		for (const stream of streams) stream.onChange(() => {});
		await env.settle();
		await env.advance(120_000);
		expect(streams.map(({ state }) => state.error?.code)).toEqual(['UPGRADE_REQUIRED', 'UPGRADE_REQUIRED']);
		expect(told).toEqual(['m/cards']);
		expect(errors).toEqual(['UPGRADE_REQUIRED', 'UPGRADE_REQUIRED']);
	});

	it('keeps what a page shows that has become too old, and refuses it further pages', async () => {
		const list = (version: number) => live.stream('cards', () => page([card(1)], 1), { version, prepend: true });
		env.register('m', { cards: list(1) });
		const reader = env.connect({ id: 'ada' });
		const stream = reader.client.stream('m/cards', [], 1);
		stream.onChange(() => {});
		await env.settle();
		reader.disconnect();
		env.register('m', { cards: list(2) });
		await reader.reconnect();
		await env.settle();
		expect(stream.state).toMatchObject({ value: [card(1)], error: { code: 'UPGRADE_REQUIRED' } });
		await expect(stream.loadMore()).rejects.toMatchObject({ code: 'UPGRADE_REQUIRED' });
	});

	it.each([
		['of a later version', cards, 4],
		['of a stream that has none here yet', live.stream('cards', () => [card(1)]), 1]
	])('asks a page %s to come back, since its server is on the way', async (_, definition, version) => {
		env.register('m', { cards: definition });
		const stream = ofVersion(version);
		await env.settle();
		await env.advance(60_000);
		expect(stream.state.error).toMatchObject({ code: 'UNAVAILABLE', retryAfterMs: 2_000 });
		env.register('m', {
			cards: live.stream('cards', () => [card(1)], { version })
		});
		await env.advance(60_000);
		expect(stream.state).toMatchObject({ value: [card(1)], error: undefined, connected: true });
	});

	it('leaves out a row that cannot be migrated, and says so', async () => {
		const errors: unknown[] = [];
		const strict = createTestEnv({ onError: (path, error) => errors.push(`${path}: ${String(error)}`) });
		const broken = live.stream('cards', () => [card(1), { id: 2 } as Card], { version: 3, migrate });
		strict.register('m', { cards: broken });
		const stream = strict.connect({ id: 'ada' }).client.stream('m/cards', [], 1);
		stream.onChange(() => {});
		await strict.settle();
		expect(stream.state.value).toEqual([{ id: 1, title: 'n1' }]);
		expect(errors).toEqual([expect.stringMatching(/^m\/cards: TypeError/)]);
		await strict.cleanup();
	});

	it('takes nothing of a snapshot that another version was rendered with', async () => {
		env.register('m', { cards });
		const snapshot = await env.server.loadStream('m/cards', { user: { id: 'ada' } }, []);
		expect(snapshot.version).toBe(3);
		const { client } = env.connect({ id: 'ada' });
		const ready = [2, 3].map((version) => {
			const stream = client.stream('m/cards', [version], version);
			stream.hydrate(snapshot);
			return stream.state.ready;
		});
		expect(ready).toEqual([false, true]);
	});

	it.each([
		[{ migrate: { 1: (row: Card) => row } }, 'needs a "version" of 1 or more, not undefined'],
		[{ version: 0 }, 'needs a "version" of 1 or more, not 0'],
		[{ version: 1.5 }, 'not 1.5'],
		[{ version: 2, migrate: { 2: (row: Card) => row } }, 'makes versions below 2, not 2']
	])('is refused where it is defined as %j', (options, message) => {
		expect(() => live.stream('cards', () => [card(1)], options)).toThrow(message);
	});
});
