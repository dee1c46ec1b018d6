import { describe, expect, test } from 'vitest';
import { LiveError } from '../base/errors.ts';
import { outcomeOf, said, Scene } from '../../test/support/scripted-server.ts';

async function rejection(promise: Promise<unknown>): Promise<LiveError> {
	return await promise.then(
		() => Promise.reject(new Error('it did not reject')),
		(error: unknown) => error as LiveError
	);
}

describe('a call', () => {
	test('resolves to rich values and rejects with the error of the server', async () => {
		const scene = new Scene();
		const socket = await scene.open();
		const date = new Date(86_400_000);
		const good = scene.client.call('a/good', [date, undefined]);
		const bad = scene.client.call('a/bad', []);
		await scene.clock.settle();
		const [first, second] = socket.taken('call');
		expect(first!.args).toEqual([date, undefined]);
		const issues = [{ message: 'too short', path: ['title'] }];
		socket.say(
			said.error(second!.id, new LiveError('VALIDATION', 'no', { issues })),
			said.result(first!.id, new Map([[1, date]]))
		);
		expect(await good).toEqual(new Map([[1, date]]));
		expect(await rejection(bad)).toMatchObject({ code: 'VALIDATION', message: 'no', issues });
	});

	test('is never sent twice: its answer is lost with the connection', async () => {
		const scene = new Scene();
		await scene.open();
		const call = scene.client.call('shop/pay', []);
		await scene.clock.settle();
		scene.socket.drop();
		const error = await rejection(call);
		expect(error).toMatchObject({ code: 'CONNECTION_LOST', cause: { code: 'CONNECTION_LOST' } });
		expect(error.message).toContain('shop/pay');
		await scene.clock.advance(5_000);
		await scene.open();
		expect(scene.socket.taken('call')).toEqual([]);
	});

	test('waits for a connection, in order with the others', async () => {
		const scene = new Scene();
		for (let count = 0; count < 3; count++) void scene.client.call('a/b', [count]);
		scene.socket.drop();
		await scene.clock.advance(5_000);
		scene.socket.welcome();
		await scene.clock.settle();
		expect(scene.socket.taken('call').map((call) => call.args[0])).toEqual([0, 1, 2]);
	});

	test('that waits too long says what was wrong with the connection', async () => {
		const scene = new Scene({ connectTimeoutMs: 60_000 });
		const call = scene.client.call('a/b', []);
		scene.socket.drop(1006);
		await scene.clock.advance(34_999);
		expect(await outcomeOf(call, scene.clock)).toBe('pending');
		await scene.clock.advance(1);
		const error = await rejection(call);
		expect(error.code).toBe('UNAVAILABLE');
		expect(error.message).toBe('a/b was not sent within 35000 ms: the connection failed (close code 1006)');
	});

	test('that waited and is sent has the whole time for its answer', async () => {
		const scene = new Scene({ connectTimeoutMs: 60_000 });
		const call = scene.client.call('a/b', []);
		await scene.clock.advance(34_000);
		scene.socket.welcome({ callTimeoutMs: 10_000, heartbeatMs: 60_000 });
		await scene.clock.advance(14_999);
		expect(await outcomeOf(call, scene.clock)).toBe('pending');
		await scene.clock.advance(1);
		expect(await outcomeOf(call, scene.clock)).toBe('TIMEOUT');
		const [sent] = scene.socket.take().filter((message) => message.kind === 'call');
		expect(sent).toBeDefined();
	});

	test('that gets no answer is cancelled at the server', async () => {
		const scene = new Scene();
		const socket = await scene.open({ heartbeatMs: 60_000 });
		const call = scene.client.call('a/b', []);
		await scene.clock.advance(35_000);
		expect(await outcomeOf(call, scene.clock)).toBe('TIMEOUT');
		const [sent, cancel] = socket.take();
		expect([sent!.kind, cancel]).toEqual(['call', { kind: 'cancel', id: (sent as { id: number }).id }]);
	});

	test('finds room for a bounded number of waiting calls only', async () => {
		const scene = new Scene({ maxWaitingCalls: 2 });
		void scene.client.call('a/b', []).catch(() => {});
		void scene.client.call('a/b', []).catch(() => {});
		const error = await rejection(scene.client.call('a/b', []));
		expect(error).toMatchObject({ code: 'TOO_MANY', message: expect.stringContaining('"maxWaitingCalls" is 2') });
	});

	test('makes room for another one when it gives up waiting', async () => {
		const scene = new Scene({ maxWaitingCalls: 1 });
		const control = new AbortController();
		const first = scene.client.call('a/b', [1], { signal: control.signal });
		control.abort();
		expect(await outcomeOf(first, scene.clock)).toBe('CANCELLED');
		void scene.client.call('a/b', [2]);
		scene.socket.welcome();
		await scene.clock.settle();
		expect(scene.socket.taken('call').map((call) => call.args)).toEqual([[2]]);
	});

	test('keeps the arguments that it was made with', async () => {
		const scene = new Scene();
		const input = { title: 'before' };
		void scene.client.call('a/b', [input]);
		input.title = 'after';
		scene.socket.welcome();
		await scene.clock.settle();
		expect(scene.socket.taken('call')[0]!.args).toEqual([{ title: 'before' }]);
	});

	test('above the server limit is refused at home and disturbs no other', async () => {
		const scene = new Scene();
		const socket = await scene.open({ messageBytes: 100 });
		const large = scene.client.call('a/b', ['x'.repeat(100)]);
		const small = scene.client.call('a/b', ['x']);
		const error = await rejection(large);
		expect(error).toMatchObject({ code: 'TOO_LARGE', message: expect.stringContaining('"messageBytes" is 100') });
		socket.say(said.result(socket.taken('call')[0]!.id, 'ok'));
		expect(await small).toBe('ok');
	});

	test.each([
		[() => {}],
		[Symbol('s')],
		[
			new (class Card {
				id = 1;
			})()
		]
	])('refuses the argument %s', async (argument) => {
		const scene = new Scene();
		await scene.open();
		const error = await rejection(scene.client.call('a/b', [argument]));
		expect(error).toMatchObject({ code: 'BAD_REQUEST', message: expect.stringContaining('a/b') });
	});

	test('ignores answers that nobody waits for', async () => {
		const scene = new Scene();
		const socket = await scene.open();
		socket.say(said.result(99, 1), said.error(98, new LiveError('INTERNAL')));
		expect(scene.client.status.state).toBe('open');
	});
});

describe('cancelling', () => {
	test('an aborted call rejects at once and tells the server', async () => {
		const scene = new Scene();
		const socket = await scene.open();
		const control = new AbortController();
		const call = scene.client.call('a/b', [], { signal: control.signal });
		await scene.clock.settle();
		const [sent] = socket.taken('call');
		const reason = new Error('left the page');
		control.abort(reason);
		expect(await rejection(call)).toMatchObject({ code: 'CANCELLED', cause: reason });
		expect(socket.take()).toEqual([{ kind: 'cancel', id: sent!.id }]);
		socket.say(said.result(sent!.id, 1));
		expect(scene.client.status.state).toBe('open');
	});

	test('a call that was aborted before is not made', async () => {
		const scene = new Scene();
		const socket = await scene.open();
		const call = scene.client.call('a/b', [], { signal: AbortSignal.abort() });
		expect(await outcomeOf(call, scene.clock)).toBe('CANCELLED');
		expect(socket.take()).toEqual([]);
	});

	test('an answered call no longer listens to its signal', async () => {
		const scene = new Scene();
		const socket = await scene.open();
		const control = new AbortController();
		const call = scene.client.call('a/b', [], { signal: control.signal });
		await scene.clock.settle();
		socket.say(said.result(socket.taken('call')[0]!.id, 1));
		await call;
		control.abort();
		await scene.clock.settle();
		expect(socket.take()).toEqual([]);
	});
});

describe('a call with a key', () => {
	test('is sent again after a lost connection, with the same key, and resolves with the answer', async () => {
		const scene = new Scene({ backoff: { firstMs: 0, capMs: 0 } });
		await scene.open();
		const paid = scene.client.call('shop/pay', [5], { key: 'order-1' });
		await scene.clock.settle();
		expect(scene.socket.taken('call')).toMatchObject([{ path: 'shop/pay', args: [5], key: 'order-1' }]);
		scene.socket.drop();
		await scene.clock.advance(1);
		scene.socket.welcome();
		await scene.clock.settle();
		const [again] = scene.socket.taken('call');
		expect(again).toMatchObject({ path: 'shop/pay', args: [5], key: 'order-1' });
		scene.socket.say(said.result(again!.id, 'receipt'));
		expect(await paid).toBe('receipt');
	});

	test('travels in a batch', async () => {
		const scene = new Scene();
		const socket = await scene.open();
		void scene.client.batch(() => [scene.client.call('shop/pay', [5], { key: 'k' }), scene.client.call('a/b', [])]);
		await scene.clock.settle();
		expect(socket.taken('batch')).toMatchObject([{ calls: [{ path: 'shop/pay', key: 'k' }, { path: 'a/b' }] }]);
	});
});

describe('a query', () => {
	test('shares one request with the same query under way, and not with others', async () => {
		const scene = new Scene();
		const socket = await scene.open();
		const same = [scene.client.query('a/q', [{ x: 1 }]), scene.client.query('a/q', [{ x: 1 }])];
		const other = scene.client.query('a/q', [{ x: 2 }]);
		const fresh = scene.client.query('a/q', [{ x: 1 }], { fresh: true });
		await scene.clock.settle();
		const calls = socket.taken('call');
		expect(calls.map((call) => call.args[0])).toEqual([{ x: 1 }, { x: 2 }, { x: 1 }]);
		socket.say(...calls.map((call, index) => said.result(call.id, index)));
		expect(await Promise.all([...same, other, fresh])).toEqual([0, 0, 1, 2]);
	});

	test('is asked again after the answer, or the error, has come', async () => {
		const scene = new Scene();
		const socket = await scene.open();
		const first = scene.client.query('a/q', []);
		await scene.clock.settle();
		socket.say(said.error(socket.taken('call')[0]!.id, new LiveError('NOT_FOUND')));
		expect(await outcomeOf(first, scene.clock)).toBe('NOT_FOUND');
		const second = scene.client.query('a/q', []);
		await scene.clock.settle();
		socket.say(said.result(socket.taken('call')[0]!.id, 'now'));
		expect(await second).toBe('now');
	});

	test('is sent again after a lost connection, until its time is over', async () => {
		const scene = new Scene({ backoff: { firstMs: 0, capMs: 0 } });
		const query = scene.client.query('a/q', [1]);
		for (let count = 0; count < 7; count++) {
			scene.socket.welcome();
			await scene.clock.advance(4_999);
			expect(scene.socket.taken('call')).toMatchObject([{ path: 'a/q', args: [1] }]);
			scene.socket.drop();
			await scene.clock.advance(1);
		}
		expect(await outcomeOf(query, scene.clock)).toBe('UNAVAILABLE');
		scene.socket.welcome();
		await scene.clock.settle();
		expect(scene.socket.taken('call')).toEqual([]);
	});

	test('with arguments that cannot travel rejects', async () => {
		const scene = new Scene();
		expect(await outcomeOf(scene.client.query('a/q', [() => {}]), scene.clock)).toBe('BAD_REQUEST');
	});
});

describe('a batch', () => {
	test('sends the calls made inside it as one message, and each settles by itself', async () => {
		const scene = new Scene();
		const socket = await scene.open();
		const inner: Promise<unknown>[] = [];
		const results = scene.client.batch(
			() => {
				inner.push(scene.client.call('a/one', [1]), scene.client.query('a/two', [2]));
				return inner;
			},
			{ sequential: true }
		);
		void scene.client.call('a/three', []);
		await scene.clock.settle();
		const [batch, single] = socket.take();
		expect(batch).toMatchObject({ kind: 'batch', sequential: true, calls: [{ path: 'a/one' }, { path: 'a/two' }] });
		expect(single).toMatchObject({ kind: 'call', path: 'a/three' });
		const [one, two] = (batch as { calls: { id: number }[] }).calls;
		socket.say(said.result(one!.id, 'first'));
		expect(await inner[0]).toBe('first');
		expect(await outcomeOf(results, scene.clock)).toBe('pending');
		socket.say(said.result(two!.id, 'second'));
		expect(await results).toEqual(['first', 'second']);
	});

	test('keeps the types and the order of what its function returned', async () => {
		const scene = new Scene();
		const [one, two] = await scene.client.batch(() => ['plain', Promise.resolve(2)]);
		expect([one.length, two + 1]).toEqual([5, 3]);
	});

	test('of too many calls is refused as a whole', async () => {
		const scene = new Scene();
		const socket = await scene.open({ batchCalls: 2 });
		const batch = scene.client.batch(() => [1, 2, 3].map((value) => scene.client.call('a/b', [value])));
		expect(await rejection(batch)).toMatchObject({
			code: 'TOO_MANY',
			message: expect.stringContaining('"batchCalls" is 2')
		});
		expect(socket.take()).toEqual([]);
	});

	test('that throws makes none of its calls', async () => {
		const scene = new Scene();
		const socket = await scene.open();
		const batch = scene.client.batch(() => {
			void scene.client.call('a/b', []);
			throw new Error('no');
		});
		await expect(batch).rejects.toThrow('no');
		void scene.client.call('a/later', []);
		await scene.clock.settle();
		expect(socket.take()).toMatchObject([{ kind: 'call', path: 'a/later' }]);
	});

	test('inside another one is part of it', async () => {
		const scene = new Scene();
		const socket = await scene.open();
		void scene.client.batch(() => [
			scene.client.call('a/one', []),
			scene.client.batch(() => [scene.client.call('a/two', [])])
		]);
		await scene.clock.settle();
		expect(socket.taken('batch')).toMatchObject([{ calls: [{ path: 'a/one' }, { path: 'a/two' }] }]);
	});

	test('that waits leaves out what was cancelled meanwhile, and repeats its queries one by one', async () => {
		const scene = new Scene({ backoff: { firstMs: 0, capMs: 0 } });
		const control = new AbortController();
		const results: Promise<unknown>[] = [];
		void scene.client
			.batch(() => {
				results.push(
					scene.client.call('a/gone', [], { signal: control.signal }),
					scene.client.query('a/query', []),
					scene.client.call('a/call', [])
				);
				return results;
			})
			.catch(() => {});
		control.abort();
		scene.socket.welcome();
		await scene.clock.settle();
		expect(scene.socket.taken('batch')).toMatchObject([{ calls: [{ path: 'a/query' }, { path: 'a/call' }] }]);
		scene.socket.drop();
		await scene.clock.advance(0);
		scene.socket.welcome();
		await scene.clock.settle();
		expect(scene.socket.taken('call')).toMatchObject([{ path: 'a/query' }]);
		expect(await outcomeOf(results[0]!, scene.clock)).toBe('CANCELLED');
		expect(await outcomeOf(results[2]!, scene.clock)).toBe('CONNECTION_LOST');
	});
});
