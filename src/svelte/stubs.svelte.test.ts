import { flushSync, tick } from 'svelte';
import { get } from 'svelte/store';
import { describe, expect, test } from 'vitest';
import { connectedPage } from '../../test/svelte/connected-page.ts';
import { show } from '../../test/svelte/shown.svelte.ts';
import { LiveError } from '../base/errors.ts';
import type { LiveResource } from '../base/surface.ts';
import { CLIENT_DEFAULTS } from '../client/options.ts';
import { call, idempotent, query, service, stream } from './stubs.ts';

interface Card {
	id: number;
	title?: string;
}
type Cards = LiveResource<Card[], { created: Card; updated: Card; deleted: { id: number }; set: Card[] }>;

const cards = stream('lib/board/cards') as unknown as (board: string) => Cards;
const server = connectedPage();

describe('calls', () => {
	test('a call sends its arguments and resolves with the result', async () => {
		const result = call('lib/board/addCard')({ title: 'New' }, 2);
		const { id, path, args } = await server.take('call');
		expect({ path, args }).toEqual({ path: 'lib/board/addCard', args: [{ title: 'New' }, 2] });
		server.result(id, { id: 7 });
		expect(await result).toEqual({ id: 7 });
	});

	test('a call rejects with the error of the server', async () => {
		const result = call('lib/board/addCard')();
		server.refuse((await server.take('call')).id, new LiveError('FORBIDDEN', 'not a member'));
		await expect(result).rejects.toMatchObject({ code: 'FORBIDDEN', message: 'not a member' });
	});

	test('a call that takes effect once has a key of its own, or the one that is given', async () => {
		const pay = idempotent('lib/shop/pay');
		void Promise.all([pay(5), pay(5), pay.withKey('order-1', 5)]).catch(() => {});
		const keys = (await server.sent()).map((message) => (message as { key?: string }).key);
		expect(keys).toEqual([expect.stringMatching(/^.{12}$/), expect.stringMatching(/^.{12}$/), 'order-1']);
		expect(new Set(keys).size).toBe(3);
	});

	test('equal queries under way share a request, and a fresh one has its own', async () => {
		const count = query('lib/board/count');
		const results = [count('b1'), count('b1'), count.fresh('b1')];
		const sent = await server.sent();
		expect(sent).toHaveLength(2);
		sent.forEach((message, index) => server.result((message as { id: number }).id, index));
		expect(await Promise.all(results)).toEqual([0, 0, 1]);
	});
});

describe('streams', () => {
	test('the wire follows the use: subscribed by the first effect, unsubscribed a while after the last', async () => {
		const first = show(() => cards('follows').current);
		const second = show(() => cards('follows').current);
		const { id, args } = await server.take('subscribe');
		expect(args).toEqual(['follows']);
		server.rows(id, 1, [{ id: 1 }]);
		flushSync();
		expect(first.seen).toEqual([undefined, [{ id: 1 }]]);
		expect(second.seen).toEqual(first.seen);

		first.leave();
		second.leave();
		await tick();
		server.clock.advance(CLIENT_DEFAULTS.lingerMs - 1);
		expect(await server.sent()).toEqual([]);
		server.clock.advance(1);
		expect((await server.take('unsubscribe')).id).toBe(id);
	});

	test('an effect that comes back in time keeps the subscription', async () => {
		const first = show(() => cards('back').current);
		server.rows((await server.take('subscribe')).id, 1, [{ id: 1 }]);
		first.leave();
		await tick();
		server.clock.advance(CLIENT_DEFAULTS.lingerMs - 1);
		const second = show(() => cards('back').current);
		server.clock.advance(CLIENT_DEFAULTS.lingerMs);
		expect(await server.sent()).toEqual([]);
		expect(second.seen).toEqual([[{ id: 1 }]]);
	});

	test('the same path and arguments give the same resource, others another one', async () => {
		show(() => cards('same').current);
		await server.take('subscribe');
		expect(cards('same')).toBe(cards('same'));
		expect(cards('same')).not.toBe(cards('other'));
	});

	test('a component that changes the arguments changes the subscription', async () => {
		let board = $state('one');
		show(() => cards(board).current);
		const { id } = await server.take('subscribe');
		board = 'two';
		flushSync();
		expect((await server.take('subscribe')).args).toEqual(['two']);
		server.clock.advance(CLIENT_DEFAULTS.lingerMs);
		expect((await server.take('unsubscribe')).id).toBe(id);
	});

	test('each event shows, and rows that did not change stay the same objects', async () => {
		const { seen } = show(() => cards('events').current);
		const { id } = await server.take('subscribe');
		server.rows(id, 1, [{ id: 1, title: 'a' }]);
		flushSync();
		server.event(id, 2, ['created', { id: 2, title: 'b' }]);
		flushSync();
		server.event(id, 3, ['deleted', { id: 2 }]);
		flushSync();
		expect(seen.map((rows) => rows?.map((row) => row.id))).toEqual([undefined, [1], [1, 2], [1]]);
		expect(seen[2]?.[0]).toBe(seen[1]?.[0]);
	});

	test('a hydrated stream shows its value before the server answers, and goes on from its position', async () => {
		const snapshot = {
			value: [{ id: 1 }],
			position: { epoch: 'e', offset: 5 },
			merge: { kind: 'crud' as const, key: 'id', prepend: false, max: 0 }
		};
		const { seen } = show(() => {
			const list = cards('hydrated').hydrate(snapshot);
			return [list.loading, list.current];
		});
		expect(seen).toEqual([[false, [{ id: 1 }]]]);
		expect((await server.take('subscribe')).position).toEqual({ epoch: 'e', offset: 5 });
	});

	test('a mutation shows at once and is taken back where its call fails', async () => {
		const list = cards('mutated');
		const { seen } = show(() => list.current?.map(({ id }) => id));
		server.rows((await server.take('subscribe')).id, 1, [{ id: 1 }]);
		flushSync();
		const outcome = list.mutate('created', { id: 2 }, async () => call('lib/board/addCard')());
		flushSync();
		expect(seen.at(-1)).toEqual([1, 2]);
		server.refuse((await server.take('call')).id, new LiveError('CONFLICT'));
		await expect(outcome).rejects.toMatchObject({ code: 'CONFLICT' });
		flushSync();
		expect(seen).toEqual([undefined, [1], [1, 2], [1]]);
	});

	test('a refused stream shows its error, and refresh asks anew', async () => {
		const list = cards('refused');
		const { seen } = show(() => [list.loading, list.error?.code]);
		server.refuse((await server.take('subscribe')).id, new LiveError('FORBIDDEN'));
		flushSync();
		const refreshed = list.refresh();
		server.rows((await server.take('subscribe')).id, 1, []);
		await refreshed;
		flushSync();
		expect(seen).toEqual([
			[true, undefined],
			[false, 'FORBIDDEN'],
			[false, undefined]
		]);
	});

	test('a stream that failed and was left asks anew when it is awaited', async () => {
		const list = cards('failed');
		const failed = list.then(undefined, (error: unknown) => (error as LiveError).code);
		server.refuse((await server.take('subscribe')).id, new LiveError('FORBIDDEN'));
		expect(await failed).toBe('FORBIDDEN');
		server.clock.advance(CLIENT_DEFAULTS.lingerMs);
		const again = list.then((rows) => rows.length);
		server.rows((await server.take('subscribe')).id, 1, []);
		expect(await again).toBe(0);
	});

	test('a lost connection shows as not connected while the value stays', async () => {
		const list = cards('lost');
		const { seen } = show(() => [list.connected, list.current?.length]);
		server.rows((await server.take('subscribe')).id, 1, [{ id: 1 }]);
		flushSync();
		server.drop();
		flushSync();
		expect(seen).toEqual([
			[false, undefined],
			[true, 1],
			[false, 1]
		]);
		server.clock.advance(CLIENT_DEFAULTS.backoff.firstMs);
		server.accept();
		const { id, position } = await server.take('subscribe');
		expect(position).toEqual({ epoch: 'e', offset: 1 });
		server.rows(id, 2, []);
		flushSync();
		expect(seen.at(-1)).toEqual([true, 0]);
	});

	test('await and for await subscribe for as long as they need', async () => {
		const list = cards('awaited');
		const first = list.then((rows) => rows.length);
		server.rows((await server.take('subscribe')).id, 1, [{ id: 1 }]);
		expect(await first).toBe(1);
		for await (const rows of list) {
			expect(rows).toEqual([{ id: 1 }]);
			break;
		}
		server.clock.advance(CLIENT_DEFAULTS.lingerMs);
		await server.take('unsubscribe');
	});
});

describe('streams without arguments', () => {
	test('the stub is a resource, a store, and gives the resource when it is called', async () => {
		const messages = stream('chat/messages') as unknown as Cards & (() => Cards);
		const { seen } = show(() => [messages.ready, messages().current, messages.current]);
		const { id, args } = await server.take('subscribe');
		expect(args).toEqual([]);
		server.rows(id, 1, [{ id: 1 }]);
		flushSync();
		const rows = [{ id: 1 }];
		expect(seen).toEqual([
			[false, undefined, undefined],
			[true, rows, rows]
		]);
		expect(get(messages)).toEqual(rows);
		expect(await messages).toEqual(rows);
		const iterator = messages[Symbol.asyncIterator]();
		expect(await iterator.next()).toEqual({ done: false, value: rows });
		await iterator.return?.();
		const undo = messages.optimistic('created', { id: 2 });
		expect(messages.current).toHaveLength(2);
		undo();
		expect(messages.current).toHaveLength(1);
	});

	test('it keeps the latest value while nobody uses it', async () => {
		const messages = stream('chat/kept') as unknown as Cards;
		const { leave } = show(() => messages.current);
		server.rows((await server.take('subscribe')).id, 1, [{ id: 1 }]);
		leave();
		await tick();
		server.clock.advance(CLIENT_DEFAULTS.lingerMs);
		await server.take('unsubscribe');
		expect(messages.current).toEqual([{ id: 1 }]);
		expect(messages.connected).toBe(false);
	});
});

describe('what runs on the server by itself', () => {
	test('can be imported, and says so where it is used', () => {
		const job = service('lib/board/digest') as { schedule: string } & (() => void);
		expect(() => job.schedule).toThrow(/"lib\/board\/digest" runs by itself on the server/);
		expect(() => job()).toThrow(/"lib\/board\/digest" runs by itself on the server/);
	});
});
