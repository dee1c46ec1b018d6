import { describe, expect, it } from 'vitest';
import { ada, startServer } from '../../test/support/server-harness.ts';
import { LiveError } from '../base/errors.ts';
import { memory } from '../backplanes/memory/memory.ts';
import { encodeBatch, encodeCancel } from '../protocol/call.ts';
import type { Backplane } from './backplane.ts';
import type { LiveContext } from './context.ts';
import { live } from '../live/live.ts';

/** A handler that ends when the test says so. */
function gated() {
	const gates: PromiseWithResolvers<unknown>[] = [];
	const contexts: LiveContext[] = [];
	const run = live((ctx: LiveContext, ..._args: unknown[]) => {
		const gate = Promise.withResolvers<unknown>();
		gates.push(gate);
		contexts.push(ctx);
		return gate.promise;
	});
	return { gates, contexts, run };
}

/** A log that answers when the test says so. */
function slowLog(): { backplane: Backplane; writes: PromiseWithResolvers<void>[] } {
	const inner = memory({ epoch: 'e' });
	const writes: PromiseWithResolvers<void>[] = [];
	const append: Backplane['append'] = (topic, body) => {
		const write = Promise.withResolvers<void>();
		writes.push(write);
		return write.promise.then(() => inner.append(topic, body));
	};
	return { backplane: Object.assign(Object.create(inner) as Backplane, bound(inner), { append }), writes };
}

function bound(inner: Backplane): Partial<Backplane> {
	return {
		start: inner.start.bind(inner),
		stop: inner.stop.bind(inner),
		subscribe: inner.subscribe.bind(inner),
		unsubscribe: inner.unsubscribe.bind(inner),
		head: inner.head.bind(inner),
		read: inner.read.bind(inner),
		broadcast: inner.broadcast.bind(inner)
	};
}

describe('a call', () => {
	it('is answered with what the handler returns, now or later', async () => {
		const add = live((_ctx: LiveContext, a: number, b: number) => a + b);
		const later = live(async () => ({ at: new Date(5) }));
		const { connect } = await startServer({ m: { add, later } });
		const client = await connect();
		expect(client.resultOf(await client.call('m/add', 2, 3))).toBe(5);
		expect(client.resultOf(await client.call('m/later'))).toEqual({ at: new Date(5) });
	});

	it('of a synchronous handler is answered before anything else runs, with no timer', async () => {
		const { connect, clock, server } = await startServer({ m: { now: live(() => 1) } });
		const client = await connect();
		const before = clock.pending;
		client.socket.events?.message('["call",1,"m/now",[]]');
		expect([...server.connections][0]?.pendingCalls).toBe(0);
		expect(clock.pending).toBe(before + 1); // the flush alone
		await clock.settle();
		expect(client.resultOf(1)).toBe(1);
	});

	it.each([
		'm/none',
		'none/add',
		'm/constructor',
		'm/toString',
		'm/__proto__',
		'constructor',
		'm/../m/add',
		'm/cards',
		'm/_guard'
	])('of "%s" is answered with NOT_FOUND, and the connection goes on', async (path) => {
		const { connect } = await startServer({ m: { add: live(() => 1), cards: live.stream('t', () => []) } });
		const client = await connect();
		expect(client.errorOf(await client.call(path))?.code).toBe('NOT_FOUND');
		expect(client.resultOf(await client.call('m/add'))).toBe(1);
	});

	it('hears what a LiveError says, and nothing of any other error', async () => {
		const refuse = live(() => {
			throw new LiveError('CARD_LOCKED', 'somebody edits it', { data: { by: 'bob' } });
		});
		const crash = live(async () => {
			throw new TypeError('password is hunter2');
		});
		const { connect, errors } = await startServer({ m: { refuse, crash } });
		const client = await connect();
		const refused = client.errorOf(await client.call('m/refuse'));
		expect(refused).toMatchObject({
			code: 'CARD_LOCKED',
			message: 'somebody edits it',
			details: { data: { by: 'bob' } }
		});
		const crashed = client.errorOf(await client.call('m/crash'));
		expect(crashed).toMatchObject({ code: 'INTERNAL', details: {} });
		expect(crashed?.message).not.toContain('hunter2');
		expect(errors).toEqual([{ path: 'm/crash', error: new TypeError('password is hunter2') }]);
	});

	it('whose answer cannot travel is answered with INTERNAL, and reported', async () => {
		const { connect, errors } = await startServer({ m: { bad: live(() => ({ run: () => 1 })) } });
		const client = await connect();
		expect(client.errorOf(await client.call('m/bad'))?.code).toBe('INTERNAL');
		expect(errors).toHaveLength(1);
	});

	it('whose refusal has details that cannot travel is refused without them, and reported', async () => {
		const sync = live(() => {
			throw new LiveError('NO', 'because', { data: { run: () => 1 } });
		});
		const later = live(async () => {
			throw new LiveError('NO', 'because', { data: new Error('inner') });
		});
		const { connect, errors } = await startServer({ m: { sync, later } });
		const client = await connect();
		for (const path of ['m/sync', 'm/later']) {
			expect(client.errorOf(await client.call(path))).toMatchObject({
				code: 'NO',
				message: 'because',
				details: {}
			});
		}
		expect(errors).toHaveLength(2);
	});

	it('survives a log that fails itself', async () => {
		const crash = live(() => {
			throw new Error('first');
		});
		const onError = (): void => {
			throw new Error('the log is full');
		};
		const { connect } = await startServer({ m: { crash, fine: live(() => 1) } }, { onError });
		const client = await connect();
		expect(client.errorOf(await client.call('m/crash'))?.code).toBe('INTERNAL');
		expect(client.resultOf(await client.call('m/fine'))).toBe(1);
	});
});

describe('a call that takes long', () => {
	it('is answered with TIMEOUT, its signal is aborted, and its late outcome is no second answer', async () => {
		const { gates, contexts, run } = gated();
		const { connect, clock } = await startServer({ m: { run } });
		const client = await connect();
		const id = await client.call('m/run');
		const signal = contexts[0]!.abortSignal;
		await clock.advance(29_999);
		expect(client.kindsFor(id)).toEqual([]);
		await clock.advance(1);
		expect(client.errorOf(id)?.code).toBe('TIMEOUT');
		expect(signal.aborted).toBe(true);
		expect((signal.reason as LiveError).code).toBe('TIMEOUT');
		gates[0]!.resolve('late');
		await clock.settle();
		expect(client.kindsFor(id)).toEqual(['error']);
	});

	it('reports a failure that comes after the answer', async () => {
		const { gates, run } = gated();
		const { connect, clock, errors } = await startServer({ m: { run } });
		const client = await connect();
		const id = await client.call('m/run');
		await clock.advance(30_000);
		gates[0]!.reject(new Error('too late'));
		await clock.settle();
		expect(errors).toEqual([{ path: 'm/run', error: new Error('too late') }]);
		expect(client.kindsFor(id)).toEqual(['error']);
	});

	it('is answered with CANCELLED when the client cancels, and aborts', async () => {
		const { contexts, run } = gated();
		const { connect } = await startServer({ m: { run } });
		const client = await connect();
		const id = await client.call('m/run');
		await client.say(encodeCancel(id));
		expect(client.errorOf(id)?.code).toBe('CANCELLED');
		expect(contexts[0]!.abortSignal.aborted).toBe(true);
		await client.say(encodeCancel(id), encodeCancel(99));
		expect(client.kindsFor(id)).toEqual(['error']);
		expect(client.end).toBeNull();
	});

	it('aborts when its handler ends the connection before it waits for anything', async () => {
		const signals: AbortSignal[] = [];
		const leave = live(async (ctx: LiveContext) => {
			signals.push(ctx.abortSignal);
			void server.revoke('ada');
			await Promise.resolve();
		});
		const { connect, clock, server } = await startServer({ m: { leave } });
		const client = await connect(ada);
		const before = clock.pending;
		await client.call('m/leave');
		expect(client.end?.code).toBe('SESSION_EXPIRED');
		expect((signals[0]!.reason as LiveError).code).toBe('SESSION_EXPIRED');
		expect(client.kindsFor(1)).toEqual([]);
		expect(clock.pending).toBeLessThanOrEqual(before);
	});

	it('aborts when the connection is lost', async () => {
		const { contexts, gates, run } = gated();
		const { connect, clock, server } = await startServer({ m: { run } });
		const client = await connect();
		await client.call('m/run');
		await client.vanish();
		expect((contexts[0]!.abortSignal.reason as LiveError).code).toBe('CONNECTION_LOST');
		expect(server.connections.size).toBe(0);
		gates[0]!.resolve(1);
		await clock.settle();
		expect(client.of('result')).toEqual([]);
	});
});

describe('calls beyond the limits', () => {
	it('wait for a place in order, then are refused with TOO_MANY', async () => {
		const { gates, run } = gated();
		const { connect, clock } = await startServer({ m: { run } }, { limits: { callsInFlight: 2, callsQueued: 2 } });
		const client = await connect();
		const ids = [];
		for (let index = 0; index < 5; index++) ids.push(await client.call('m/run'));
		expect(gates).toHaveLength(2);
		expect(client.errorOf(ids[4]!)).toMatchObject({ code: 'TOO_MANY', retryAfterMs: 1_000 });
		expect(client.errorOf(ids[4]!)?.message).toContain('"callsQueued"');
		gates[0]!.resolve('a');
		await clock.settle();
		expect(gates).toHaveLength(3);
		for (const gate of gates) gate.resolve('b');
		await clock.settle();
		gates[3]!.resolve('c');
		await clock.settle();
		expect(ids.map((id) => client.kindsFor(id).join())).toEqual(['result', 'result', 'result', 'result', 'error']);
	});

	it('can be cancelled while they wait', async () => {
		const { gates, run } = gated();
		const { connect } = await startServer({ m: { run } }, { limits: { callsInFlight: 1 } });
		const client = await connect();
		await client.call('m/run');
		const waiting = await client.call('m/run');
		await client.say(encodeCancel(waiting));
		expect(client.errorOf(waiting)?.code).toBe('CANCELLED');
		expect(gates).toHaveLength(1);
	});

	it('that fail at once leave their place', async () => {
		const crash = live(() => {
			throw new LiveError('NO');
		});
		const { connect } = await startServer({ m: { crash } }, { limits: { callsInFlight: 1, callsQueued: 1 } });
		const client = await connect();
		const frame = Array.from({ length: 10 }, (_, index) => `["call",${index + 1},"m/crash",[]]`);
		await client.say(...frame);
		expect(client.of('error').map(({ error }) => error.code)).toEqual(Array.from({ length: 10 }, () => 'NO'));
	});
});

describe('a batch', () => {
	const calls = (...paths: string[]) => paths.map((path, index) => ({ id: index + 1, path, args: [] }));

	it('runs its calls together', async () => {
		const { gates, run } = gated();
		const { connect } = await startServer({ m: { run } });
		const client = await connect();
		await client.say(encodeBatch(false, calls('m/run', 'm/run', 'm/run')));
		expect(gates).toHaveLength(3);
	});

	it('runs them one after another where it is sequential, whatever becomes of each', async () => {
		const { gates, run } = gated();
		const { connect, clock } = await startServer({ m: { run } });
		const client = await connect();
		await client.say(encodeBatch(true, calls('m/run', 'm/none', 'm/run', 'm/run')));
		expect(gates).toHaveLength(1);
		gates[0]!.reject(new LiveError('NO'));
		await clock.settle();
		expect(gates).toHaveLength(2);
		await client.say(encodeCancel(3));
		expect(gates).toHaveLength(3);
		gates[2]!.resolve('last');
		await clock.settle();
		expect([1, 2, 3, 4].map((id) => client.errorOf(id)?.code ?? client.resultOf(id))).toEqual([
			'NO',
			'NOT_FOUND',
			'CANCELLED',
			'last'
		]);
	});

	it('of too many calls runs none of them, and each is refused', async () => {
		const { gates, run } = gated();
		const { connect } = await startServer({ m: { run } }, { limits: { batchCalls: 2 } });
		const client = await connect();
		await client.say(encodeBatch(false, calls('m/run', 'm/run', 'm/run')));
		expect(gates).toHaveLength(0);
		expect(client.of('error').map(({ id, error }) => [id, error.code])).toEqual([
			[1, 'TOO_MANY'],
			[2, 'TOO_MANY'],
			[3, 'TOO_MANY']
		]);
	});

	it('skips a call that is cancelled before its turn has come, and answers it at once', async () => {
		const { gates, run } = gated();
		const { connect, clock } = await startServer({ m: { run } });
		const client = await connect();
		await client.say(encodeBatch(true, calls('m/run', 'm/run', 'm/run')));
		await client.say(encodeCancel(2));
		expect(client.kindsFor(2)).toEqual(['error']);
		gates[0]!.resolve('first');
		await clock.settle();
		gates[1]!.resolve('third');
		await clock.settle();
		expect(gates).toHaveLength(2);
		expect([client.kindsFor(1), client.kindsFor(2), client.kindsFor(3)]).toEqual([
			['result'],
			['error'],
			['result']
		]);
	});

	it('keeps the ids of calls whose turn has not come', async () => {
		const { run } = gated();
		const { connect } = await startServer({ m: { run } });
		const client = await connect();
		await client.say(encodeBatch(true, calls('m/run', 'm/run')), '["call",2,"m/run",[]]');
		expect(client.end).toMatchObject({ code: 'PROTOCOL_ERROR' });
	});

	it('cannot run more calls than it may by giving them one id', async () => {
		const { gates, run } = gated();
		const { connect } = await startServer({ m: { run } });
		const client = await connect();
		await client.say('["batch",0,[[1,"m/run",[]],[1,"m/run",[]]]]');
		expect(client.end).toMatchObject({ code: 'PROTOCOL_ERROR' });
		expect(gates).toHaveLength(0);
	});

	it('of nothing is nothing, also while the first id is in use', async () => {
		const { run } = gated();
		const { connect } = await startServer({ m: { run } });
		const client = await connect();
		await client.say('["call",0,"m/run",[]]', '["batch",0,[]]');
		expect(client.end).toBeNull();
	});
});

describe('what a call publishes', () => {
	const chat = live.stream('chat', () => [] as { id: number }[]);

	it('arrives before its answer', async () => {
		const send = live((ctx: LiveContext) => {
			ctx.publish(chat.topic(), 'created', { id: 1 });
			return 'sent';
		});
		const { connect } = await startServer({ m: { chat, send } });
		const client = await connect();
		await client.subscribe('m/chat');
		await client.call('m/send');
		expect(client.messages.slice(-2).map(({ kind }) => kind)).toEqual(['event', 'result']);
	});

	it('is in the log before the call is answered', async () => {
		const { backplane, writes } = slowLog();
		const send = live((ctx: LiveContext) => {
			ctx.publish(chat.topic(), 'created', { id: 1 });
			ctx.publish(chat.topic(), 'created', { id: 2 });
			return 'sent';
		});
		const { connect, clock } = await startServer({ m: { chat, send } }, { backplane });
		const client = await connect();
		const id = await client.call('m/send');
		writes[0]!.resolve();
		await clock.settle();
		expect(client.kindsFor(id)).toEqual([]);
		writes[1]!.resolve();
		await clock.settle();
		expect(client.resultOf(id)).toBe('sent');
	});

	it('makes the call fail where the log cannot take it', async () => {
		const { backplane, writes } = slowLog();
		const send = live((ctx: LiveContext) => ctx.publish(chat.topic(), 'created', { id: 1 }));
		const { connect, clock } = await startServer({ m: { chat, send } }, { backplane });
		const client = await connect();
		const id = await client.call('m/send');
		writes[0]!.reject(new LiveError('UNAVAILABLE'));
		await clock.settle();
		expect(client.errorOf(id)?.code).toBe('UNAVAILABLE');
	});

	it('may fail while the handler still runs, or after it has failed itself: nothing is left unhandled', async () => {
		const unhandled: unknown[] = [];
		const listen = (error: unknown): void => void unhandled.push(error);
		process.on('unhandledRejection', listen);
		const { backplane, writes } = slowLog();
		const gate = Promise.withResolvers<void>();
		const both = live(async (ctx: LiveContext) => {
			ctx.publish(chat.topic(), 'created', { id: 1 });
			await gate.promise;
		});
		const { connect, clock } = await startServer({ m: { chat, both } }, { backplane });
		const client = await connect();
		const id = await client.call('m/both');
		writes[0]!.reject(new LiveError('UNAVAILABLE'));
		await nextPass();
		gate.reject(new LiveError('NO'));
		await clock.settle();
		await nextPass();
		process.off('unhandledRejection', listen);
		expect(client.errorOf(id)?.code).toBe('NO');
		expect(unhandled).toEqual([]);
	});

	it('is counted by the time limit of the call', async () => {
		const { backplane } = slowLog();
		const send = live((ctx: LiveContext) => ctx.publish(chat.topic(), 'created', { id: 1 }));
		const { connect, clock } = await startServer({ m: { chat, send } }, { backplane });
		const client = await connect();
		const id = await client.call('m/send');
		await clock.advance(30_000);
		expect(client.errorOf(id)?.code).toBe('TIMEOUT');
	});

	it('is refused where it cannot travel', async () => {
		const send = live((ctx: LiveContext) => ctx.publish('chat', 'created', { run: () => 1 }));
		const nameless = live((ctx: LiveContext) => ctx.publish('chat', ''));
		const { connect, errors } = await startServer({ m: { send, nameless } });
		const client = await connect();
		expect(client.errorOf(await client.call('m/send'))?.code).toBe('INTERNAL');
		expect(client.errorOf(await client.call('m/nameless'))?.code).toBe('INTERNAL');
		expect(errors).toHaveLength(2);
	});
});

describe('what a handler knows', () => {
	it('is who calls, from where, and which function runs', async () => {
		const who = live((ctx: LiveContext) => [ctx.user, ctx.connection, ctx.path]);
		const { connect } = await startServer({ m: { who } }, { randomName: () => 'c7' });
		const client = await connect(ada);
		expect(client.resultOf(await client.call('m/who'))).toEqual([
			{ id: 'ada' },
			{ id: 'c7', remoteAddress: '192.0.2.1' },
			'm/who'
		]);
	});
});

/** Node reports unhandled rejections when the microtasks of a pass have run. */
const nextPass = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
