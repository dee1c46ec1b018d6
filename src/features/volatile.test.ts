import { afterEach, describe, expect, it } from 'vitest';
import { LiveError } from '../base/errors.ts';
import { createClient } from '../client/client.ts';
import { sendVolatile } from '../client/volatile.ts';
import { live } from '../live/live.ts';
import { createTestEnv } from '../testing/test-env.ts';

const reported: unknown[] = [];
const points: unknown[] = [];
let held: (() => void)[] = [];
const point = live.volatile((ctx, x: number) => void points.push([(ctx.user as { id: string }).id, x]));
const hold = live.volatile(() => new Promise<void>((resolve) => held.push(resolve)));
const fail = live.volatile((_, known: boolean) => {
	throw known ? new LiveError('CONFLICT', 'taken') : new Error('broken');
});
const plain = live(() => void points.push('ran'));
const board = { point, hold, fail, plain };

const env = createTestEnv({ onError: (_, error) => reported.push(error), limits: { callsInFlight: 2 } });
afterEach(async () => {
	for (const release of held) release();
	held = [];
	await env.cleanup();
	const unexpected = reported.splice(0);
	if (unexpected.length > 0) throw new Error('an error was reported', { cause: unexpected });
	points.length = 0;
});

async function connected() {
	env.register('board', board);
	const client = env.connect({ id: 'ann' });
	await client.call('board/nothing').catch(() => {});
	return client;
}

describe('a volatile call', () => {
	it('runs, and is not answered', async () => {
		const client = await connected();
		client.volatile(point, 1);
		client.volatile(point, 2);
		await env.settle();
		expect(points).toEqual([
			['ann', 1],
			['ann', 2]
		]);
	});

	it('is forgotten without a connection, and opens one', async () => {
		env.register('board', board);
		const client = env.connect({ id: 'ann' });
		client.volatile(point, 1);
		expect(client.status.state).toBe('connecting');
		await env.settle();
		client.disconnect();
		await env.settle();
		client.volatile(point, 2);
		await client.reconnect();
		await env.settle();
		expect(points).toEqual([]);
		client.volatile(point, 3);
		await env.settle();
		expect(points).toEqual([['ann', 3]]);
	});

	it('tells the log of the server what it throws, and nobody else', async () => {
		const client = await connected();
		client.volatile(fail, true);
		client.volatile(fail, false);
		await env.settle();
		expect(reported.splice(0)).toMatchObject([{ code: 'CONFLICT' }, { message: 'broken' }]);
		expect(client.status.state).toBe('open');
	});

	it('is forgotten where what was sent before has not left', async () => {
		const sent: unknown[] = [];
		const socket = { send: (data: unknown) => void sent.push(data), close: () => {}, bufferedAmount: 0 };
		const client = createClient({
			url: 'ws://test',
			connect: (_, events) => {
				queueMicrotask(() => {
					events.opened();
					events.message('["welcome",1,"c1",{}]');
				});
				return socket;
			}
		});
		client.reconnect();
		await Promise.resolve();
		for (const buffered of [16 * 1024, 16 * 1024 + 1]) {
			socket.bufferedAmount = buffered;
			sendVolatile(client, 'board/point', [buffered]);
			await Promise.resolve();
		}
		expect(sent.slice(1)).toEqual(['["volatile",1,"board/point",[16384]]']);
		client.close();
	});

	it('does not wait for a place among the calls that run', async () => {
		const client = await connected();
		client.volatile(hold);
		client.volatile(hold);
		client.volatile(point, 1);
		await env.settle();
		for (const release of held) release();
		await env.settle();
		expect(points).toEqual([]);
		client.volatile(point, 2);
		await env.settle();
		expect(points).toEqual([['ann', 2]]);
	});

	it('runs no function that wants its answer to be waited for', async () => {
		const client = await connected();
		// oxlint-disable-next-line typescript/no-misused-promises -- that is what is tried
		client.volatile(plain);
		await env.settle();
		expect(points).toEqual([]);
		expect(reported.splice(0)).toMatchObject([{ code: 'BAD_REQUEST' }]);
	});

	it('throws at once what cannot be sent', async () => {
		const client = await connected();
		expect(() => client.volatile(point, (() => 1) as never)).toThrow(LiveError);
	});
});
