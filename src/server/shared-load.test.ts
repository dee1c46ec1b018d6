import { describe, expect, it } from 'vitest';
import { ada, bob, startServer } from '../../test/support/server-harness.ts';
import type { LiveContext } from './context.ts';
import { guard, live } from '../live/live.ts';

/** A stream whose loads end when the test says so; `look` is what each does with its context. */
function gatedStream(look: (ctx: LiveContext) => unknown = () => {}) {
	const gates: PromiseWithResolvers<void>[] = [];
	const stream = live.stream(
		(_ctx: LiveContext, board: string) => ['board', board],
		async (ctx) => {
			const gate = Promise.withResolvers<void>();
			gates.push(gate);
			await gate.promise;
			return [{ id: 1, seen: look(ctx) }];
		}
	);
	return { gates, stream };
}

const userOf = (ctx: LiveContext): string => ctx.user.id;

describe('a load that looks at nobody', () => {
	it('is shared by all who ask while it is under way, on every connection', async () => {
		const { gates, stream } = gatedStream();
		const { connect, clock } = await startServer({ m: { stream } });
		const one = await connect(ada);
		const other = await connect(bob);
		await one.subscribe('m/stream', ['b']);
		await other.subscribe('m/stream', ['b']);
		await other.subscribe('m/stream', ['b']);
		expect(gates).toHaveLength(1);
		gates[0]!.resolve();
		await clock.settle();
		expect([one.of('snapshot').length, other.of('snapshot').length]).toEqual([1, 2]);
	});

	it('is not shared with other arguments, nor with who comes when it has ended', async () => {
		const { gates, stream } = gatedStream();
		const { connect, clock } = await startServer({ m: { stream } });
		const client = await connect();
		await client.subscribe('m/stream', ['a']);
		await client.subscribe('m/stream', ['b']);
		expect(gates).toHaveLength(2);
		gates[0]!.resolve();
		await clock.settle();
		await client.subscribe('m/stream', ['a']);
		expect(gates).toHaveLength(3);
	});

	it('goes on when the one who started it is gone', async () => {
		const { gates, stream } = gatedStream((ctx) => ctx.abortSignal.aborted);
		const { connect, clock } = await startServer({ m: { stream } });
		const one = await connect(ada);
		const other = await connect(bob);
		await one.subscribe('m/stream', ['b']);
		await other.subscribe('m/stream', ['b']);
		await one.vanish();
		gates[0]!.resolve();
		await clock.settle();
		expect(gates).toHaveLength(1);
		expect(other.of('snapshot')).toMatchObject([{ value: [{ seen: false }] }]);
	});

	it('that fails fails for all who waited, and for nobody after them', async () => {
		const { gates, stream } = gatedStream();
		const { connect, clock } = await startServer({ m: { stream } });
		const one = await connect(ada);
		const other = await connect(bob);
		const first = await one.subscribe('m/stream', ['b']);
		const second = await other.subscribe('m/stream', ['b']);
		gates[0]!.reject(new Error('database'));
		await clock.settle();
		expect([one.errorOf(first)?.code, other.errorOf(second)?.code]).toEqual(['INTERNAL', 'INTERNAL']);
		await one.subscribe('m/stream', ['b']);
		gates[1]!.resolve();
		await clock.settle();
		expect(one.of('snapshot')).toHaveLength(1);
	});

	it('that hangs is not shared with who comes after it was given up', async () => {
		const { gates, stream } = gatedStream();
		const { connect, clock } = await startServer({ m: { stream } });
		const one = await connect(ada);
		await one.subscribe('m/stream', ['b']);
		await clock.advance(30_000);
		await one.subscribe('m/stream', ['b']);
		gates[1]!.resolve();
		await clock.settle();
		expect(one.of('snapshot')).toHaveLength(1);
	});
});

describe('a load that looks at who asks', () => {
	const LOOKS: [string, (ctx: LiveContext) => unknown][] = [
		['the user', userOf],
		['the user, by taking the context apart', ({ user }) => user.id],
		['a copy of the context', (ctx) => [{ ...ctx }, userOf(ctx)][1]],
		['the connection', (ctx) => ctx.connection.id && userOf(ctx)],
		['the names in the context', (ctx) => Object.keys(ctx) && userOf(ctx)],
		['whether there is a user', (ctx) => 'user' in ctx && userOf(ctx)],
		['what a guard has added', (ctx) => (ctx as unknown as { tenant: string }).tenant],
		[
			'what a guard has added, by its descriptor',
			(ctx) => Object.getOwnPropertyDescriptor(ctx, 'tenant')?.value as unknown
		]
	];

	it.each(LOOKS)('is never shared, also where it looks late: %s', async (_, look) => {
		const { gates, stream } = gatedStream(look);
		const _guard = guard((ctx) => void Object.assign(ctx, { tenant: ctx.user.id }));
		const { connect, clock } = await startServer({ m: { stream, _guard } });
		const one = await connect(ada);
		const other = await connect(bob);
		await one.subscribe('m/stream', ['b']);
		await other.subscribe('m/stream', ['b']);
		gates[0]!.resolve();
		await clock.settle();
		expect(gates).toHaveLength(2);
		gates[1]!.resolve();
		await clock.settle();
		expect(one.of('snapshot')).toMatchObject([{ value: [{ seen: 'ada' }] }]);
		expect(other.of('snapshot')).toMatchObject([{ value: [{ seen: 'bob' }] }]);
	});

	it('fails for the one who asks alone', async () => {
		const stream = live.stream('s', async (ctx) => {
			await Promise.resolve();
			if (ctx.user.id === 'ada') throw new Error('only for ada');
			return [];
		});
		const { connect } = await startServer({ m: { stream } });
		const one = await connect(ada);
		const other = await connect(bob);
		one.socket.events?.message('["subscribe",1,"m/stream",null,[]]');
		other.socket.events?.message('["subscribe",1,"m/stream",null,[]]');
		await one.say();
		expect(one.errorOf(1)?.code).toBe('INTERNAL');
		expect(other.kindsFor(1)).toEqual(['snapshot']);
	});
});

describe('an ephemeral topic that is being loaded', () => {
	it('keeps what happens meanwhile, the latest of each row', async () => {
		const gate = Promise.withResolvers<{ key: string }[]>();
		const here = live.stream('here', () => gate.promise, { merge: 'presence' });
		const { connect, clock, server } = await startServer({ m: { here } });
		const client = await connect();
		await client.subscribe('m/here');
		for (const event of ['join', 'leave', 'join'] as const) {
			await server.publisher.publish(here.topic(), event, { key: 'ada', event });
		}
		await server.publisher.publish(here.topic(), 'join', { key: 'bob' });
		gate.resolve([{ key: 'eve' }]);
		await clock.settle();
		expect(client.of('snapshot')).toMatchObject([
			{
				position: null,
				value: [{ key: 'eve' }],
				events: [
					{ offset: 0, event: 'join', data: { key: 'ada' } },
					{ offset: 0, event: 'join', data: { key: 'bob' } }
				]
			}
		]);
		expect(client.of('event')).toEqual([]);
	});
});
