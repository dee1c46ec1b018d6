import { describe, expect, it } from 'vitest';
import { ada, bob, startServer, type FakeClient } from '../../test/support/server-harness.ts';
import type { LiveError } from '../base/errors.ts';
import { memory } from '../backplanes/memory/memory.ts';
import { encodePong } from '../protocol/heartbeat.ts';
import type { LiveContext } from './context.ts';
import { live } from '../live/live.ts';
import type { Session } from './session.ts';

const modules = { m: { echo: live((_ctx, value: unknown) => value), rows: live.stream('rows', () => []) } };

describe('a visitor', () => {
	it('whom nobody knows is told so, then closed', async () => {
		const { accept, server } = await startServer(modules);
		const client = accept(null);
		expect(client.end).toEqual({ code: 'UNAUTHORIZED', close: 4401 });
		await client.say('["hello",1]');
		expect(client.messages).toHaveLength(1);
		expect(server.connections.size).toBe(0);
	});

	it('may be anonymous where the application says so, as often as it likes', async () => {
		const { connect } = await startServer(modules, { limits: { connectionsPerUser: 1 } });
		const anonymous = { user: null } as unknown as Session;
		const clients = [await connect(anonymous), await connect(anonymous), await connect(anonymous)];
		expect(clients.map(({ end }) => end)).toEqual([null, null, null]);
	});

	it('has no more connections than the limit, and another one when one has closed', async () => {
		const { connect, accept } = await startServer(modules, { limits: { connectionsPerUser: 2 } });
		const first = await connect(ada);
		await connect(ada);
		const third = accept(ada);
		expect(third.end).toEqual({ code: 'TOO_MANY', close: 4429 });
		expect(third.of('goodbye')[0]).toMatchObject({ retryAfterMs: 5_000 });
		expect(third.of('goodbye')[0]?.message).toContain('"connectionsPerUser"');
		expect(accept(bob).end).toBeNull();
		await first.vanish();
		expect(accept(ada).end).toBeNull();
	});
});

describe('a session', () => {
	const until = (ms: number, wallTime: number): Session => ({ ...ada, expiresAt: wallTime + ms });

	it('that has expired is not let in', async () => {
		const { accept, clock } = await startServer(modules);
		expect(accept(until(0, clock.wallTime())).end).toEqual({ code: 'SESSION_EXPIRED', close: 4410 });
	});

	it.each([1_000, 15_000, 60_000])(
		'that expires ends its connection within a second, with a heartbeat of %d ms',
		async (heartbeatMs) => {
			const { connect, clock } = await startServer(modules, { limits: { heartbeatMs } });
			const client = await connect(until(10_000, clock.wallTime()));
			await client.subscribe('m/rows');
			for (let second = 0; second < 10; second++) {
				await clock.advance(999);
				await client.say(encodePong(1));
				expect(client.end).toBeNull();
				await clock.advance(second < 9 ? 1 : 0);
			}
			await clock.advance(1_001);
			expect(client.end).toEqual({ code: 'SESSION_EXPIRED', close: 4410 });
		}
	);

	it('that is revoked ends every connection of its user at once, calls and streams with them', async () => {
		let aborted: unknown;
		const wait = live((ctx: LiveContext) => {
			ctx.abortSignal.addEventListener('abort', () => (aborted = ctx.abortSignal.reason));
			return new Promise(() => {});
		});
		const { connect, server, clock } = await startServer({ m: { ...modules.m, wait } });
		const clients = [await connect(ada), await connect(ada)] as const;
		const other = await connect(bob);
		await clients[0].subscribe('m/rows');
		await clients[1].call('m/wait');
		void server.revoke('ada');
		await clock.settle();
		for (const client of clients) expect(client.end).toEqual({ code: 'SESSION_EXPIRED', close: 4410 });
		expect((aborted as LiveError).code).toBe('SESSION_EXPIRED');
		expect(server.topicCount).toBe(0);
		expect(other.end).toBeNull();
		expect(other.resultOf(await other.call('m/echo', 1))).toBe(1);
		void server.revoke('nobody');
	});
});

describe('a connection that says nothing', () => {
	it('is closed when hello does not come in time', async () => {
		const { accept, clock } = await startServer(modules);
		const client = accept();
		await clock.advance(9_900);
		expect(client.end).toBeNull();
		await clock.advance(1_100);
		expect(client.end).toEqual({ code: 'HELLO_TIMEOUT', close: 4408 });
	});

	it('is closed though others came later and have said hello', async () => {
		const { accept, connect, clock } = await startServer(modules);
		const early = await connect();
		const silent = accept();
		const late = await connect();
		await clock.advance(11_000);
		expect([early.end, silent.end?.code, late.end]).toEqual([null, 'HELLO_TIMEOUT', null]);
	});
});

describe('heartbeats', () => {
	it('carry the heads of the logs that a connection reads', async () => {
		const { connect, server, clock } = await startServer(modules);
		const client = await connect();
		await client.subscribe('m/rows');
		for (let id = 0; id < 3; id++) await server.publisher.publish('rows', 'created', { id });
		await clock.advance(15_000);
		expect(client.of('heartbeat')).toEqual([{ kind: 'heartbeat', beat: 1, heads: [[1, 3]] }]);
	});

	it('are spread, one per interval and connection', async () => {
		const { connect, clock } = await startServer(modules);
		const client = await connect();
		for (let beat = 1; beat <= 4; beat++) {
			await clock.advance(15_000);
			await client.say(encodePong(beat));
		}
		expect(client.of('heartbeat')).toHaveLength(4);
	});

	it('that nobody answers end the connection, with a word', async () => {
		const { connect, clock, server } = await startServer(modules);
		const silent = await connect();
		const alive = await connect();
		for (let second = 0; second < 46; second++) {
			await clock.advance(1_000);
			await alive.say(encodePong(1));
		}
		expect(silent.end).toEqual({ code: 'HEARTBEAT_TIMEOUT', close: 4409 });
		expect(silent.socket.terminated).toBe(true);
		expect(alive.end).toBeNull();
		expect(server.connections.size).toBeGreaterThan(0);
	});

	it('spare a peer that takes what it was sent', async () => {
		const { connect, clock } = await startServer(modules);
		const client = await connect();
		for (let second = 0; second < 60; second++) {
			await clock.advance(1_000);
			client.socket.events?.drained();
		}
		expect(client.end).toBeNull();
	});
});

describe('a server that drains', () => {
	const gate = () => Promise.withResolvers<string>();
	const start = async () => {
		const running = gate();
		const harness = await startServer({ m: { ...modules.m, run: live(() => running.promise) } });
		return { ...harness, running };
	};
	const close = (client: FakeClient): void => client.socket.events?.closed(1001, '');

	it('lets running calls finish, refuses new ones, says goodbye with a delay, and ends', async () => {
		const { connect, accept, server, clock, running } = await start();
		const client = await connect();
		const id = await client.call('m/run');
		let drained = false;
		const draining = server.drain(10_000).then(() => (drained = true));
		await clock.settle();
		expect(client.errorOf(await client.call('m/echo', 1))?.code).toBe('GOING_AWAY');
		const late = accept();
		expect(late.end).toEqual({ code: 'GOING_AWAY', close: 1001 });
		expect(client.end).toBeNull();
		running.resolve('done');
		await clock.settle();
		expect(client.resultOf(id)).toBe('done');
		expect(client.end).toEqual({ code: 'GOING_AWAY', close: 1001 });
		expect(client.of('goodbye')[0]?.retryAfterMs).toBe(2_500);
		expect(drained).toBe(false);
		close(client);
		await draining;
	});

	it('waits no longer than the grace time, and aborts what still runs', async () => {
		const { connect, server, clock } = await start();
		const client = await connect();
		await client.call('m/run');
		const draining = server.drain(1_000);
		await clock.advance(1_000);
		expect(client.end?.code).toBe('GOING_AWAY');
		await clock.advance(1_000);
		await draining;
		expect(client.socket.terminated).toBe(true);
	});

	it('spreads the reconnects of its clients', async () => {
		const draws = [0, 0.25, 0.999];
		const { connect, server, clock } = await startServer(modules, { random: () => draws.shift() ?? 0 });
		const clients = [await connect(), await connect(), await connect()];
		void server.drain();
		await clock.settle();
		expect(clients.map((client) => client.of('goodbye')[0]?.retryAfterMs)).toEqual([0, 1_250, 4_995]);
	});

	it('publishes what was throttled and debounced, also by the last calls', async () => {
		const backplane = memory({ epoch: 'e' });
		const finish = gate();
		const late = live(async (ctx: LiveContext) => {
			await finish.promise;
			for (const id of [1, 2]) ctx.throttle('rows', 'updated', { id: 'row', n: id }, 60_000);
		});
		const soon = live((ctx: LiveContext) => ctx.debounce('rows', 'updated', { id: 'other' }, 60_000));
		const { connect, server, clock } = await startServer({ m: { late, soon } }, { backplane });
		const client = await connect();
		await client.call('m/late');
		await client.call('m/soon');
		void server.drain();
		finish.resolve('');
		await clock.settle();
		expect((await backplane.head('rows' as never)).offset).toBe(3);
	});

	it('ends at once where nobody is connected', async () => {
		const { server } = await startServer(modules);
		await server.drain();
		await server.stop();
		expect(server.connections.size).toBe(0);
	});
});

describe('what is published', () => {
	it('with a pace keeps one for each row', async () => {
		const cursors = live.channel('cursors', { merge: 'cursor' });
		const { server, clock, connect } = await startServer({ m: { cursors } });
		const client = await connect();
		await client.subscribe('m/cursors');
		for (let x = 0; x < 4; x++) {
			for (const key of ['ada', 'bob']) server.publisher.throttle(cursors.topic(), 'update', { key, x }, 100);
		}
		await clock.advance(100);
		expect(client.of('event').map(({ data }) => data)).toEqual([
			{ key: 'ada', x: 0 },
			{ key: 'bob', x: 0 },
			{ key: 'ada', x: 3 },
			{ key: 'bob', x: 3 }
		]);
	});

	it('late and in vain is reported', async () => {
		const { server, clock, errors } = await startServer();
		server.publisher.debounce('rows', 'updated', { run: () => 1 }, 100);
		await clock.advance(100);
		expect(errors).toMatchObject([{ path: '', error: expect.any(TypeError) as TypeError }]);
	});
});
