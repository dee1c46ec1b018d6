import { describe, expect, it } from 'vitest';
import { ada, bob, startServer } from '../../test/support/server-harness.ts';
import { live } from '../live/live.ts';
import type { Position } from '../protocol/position.ts';
import type { LiveContext } from './context.ts';

/** Of a process that is gone: what was read there cannot be resumed here. */
const GONE: Position = { epoch: 'gone', offset: 7 };

/** A stream of rows in a database, and how often it was loaded. */
async function start(look: (ctx: LiveContext) => unknown = () => {}) {
	const rows: unknown[] = [{ id: 1 }];
	let loads = 0;
	const load = async (ctx: LiveContext): Promise<unknown[]> => {
		loads++;
		await look(ctx);
		return [...rows];
	};
	const stream = live.stream('rows', load);
	const passing = live.stream('passing', load, { ephemeral: true });
	const add = live((ctx, id: number) => {
		rows.push({ id });
		return ctx.publish('rows', 'created', { id });
	});
	const harness = await startServer({ m: { stream, passing, add } });
	return {
		...harness,
		loads: () => loads,
		/** Somebody is back, with a connection of its own. @returns its messages of the stream */
		comeBack: async (path = 'm/stream', position: Position | null = GONE, session = ada) => {
			const client = await harness.connect(session);
			await client.subscribe(path, [], position);
			return client;
		}
	};
}

describe('what was loaded for somebody who came back', () => {
	it('is for all who come back within five seconds, and loaded anew after that', async () => {
		const { clock, comeBack, loads } = await start();
		for (let second = 0; second < 5; second++) {
			for (const session of [ada, bob]) {
				const client = await comeBack('m/stream', GONE, session);
				expect(client.of('reset')).toMatchObject([{ reason: 'epoch' }]);
				expect(client.of('snapshot')).toMatchObject([{ value: [{ id: 1 }] }]);
			}
			await clock.advance(1_000);
		}
		expect(loads()).toBe(1);
		await comeBack();
		expect(loads()).toBe(2);
	});

	it('comes with what has happened since, and goes on', async () => {
		const { comeBack, loads } = await start();
		const first = await comeBack();
		await first.call('m/add', 2);
		const second = await comeBack();
		await first.call('m/add', 3);
		expect(second.of('snapshot')).toMatchObject([{ value: [{ id: 1 }], events: [{ offset: 1, data: { id: 2 } }] }]);
		expect(second.of('event')).toMatchObject([{ offset: 2, data: { id: 3 } }]);
		expect(loads()).toBe(1);
	});

	it('is not for who comes for the first time', async () => {
		const { comeBack, loads } = await start();
		await comeBack();
		await comeBack('m/stream', null);
		expect(loads()).toBe(2);
	});

	it('is for nobody else where the load looked at who asked', async () => {
		const seen: string[] = [];
		const { comeBack, clock } = await start((ctx) => seen.push(ctx.user.id));
		const before = clock.pending;
		await comeBack('m/stream', GONE, ada);
		expect(clock.pending).toBe(before); // nothing is kept that nobody can use
		await comeBack('m/stream', GONE, bob);
		expect(seen).toEqual(['ada', 'bob']);
	});

	it('is for nobody any more where it was invalidated', async () => {
		const { comeBack, loads, server, clock } = await start();
		await comeBack();
		await server.publisher.invalidate(['rows'], null);
		await clock.settle();
		expect(loads()).toBe(2);
		const client = await comeBack();
		expect([client.of('snapshot').length, loads()]).toEqual([1, 3]);
	});

	it('is not kept where no log has what comes after it', async () => {
		const { comeBack, loads } = await start();
		await comeBack('m/passing');
		await comeBack('m/passing');
		expect(loads()).toBe(2);
	});

	it('is not kept for nobody, where all have gone before it is there', async () => {
		const gate = Promise.withResolvers<void>();
		const { comeBack, clock } = await start(() => gate.promise);
		const before = clock.pending;
		const client = await comeBack();
		await client.vanish();
		gate.resolve();
		await clock.settle();
		expect(clock.pending).toBe(before);
	});

	it('is forgotten with the last who reads the topic', async () => {
		const { comeBack, loads, clock } = await start();
		const before = clock.pending;
		const client = await comeBack();
		await client.vanish();
		expect(clock.pending).toBe(before);
		await comeBack();
		expect(loads()).toBe(2);
	});
});
