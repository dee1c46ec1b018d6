import { describe, expect, it } from 'vitest';
import * as v from 'valibot';
import { ada, bob, startServer, type FakeClient } from '../../test/support/server-harness.ts';
import { memory } from '../backplanes/memory/memory.ts';
import { encodeKeyedCall } from '../protocol/call.ts';
import type { LiveContext } from './context.ts';
import { live } from '../live/live.ts';

/** Pays when the test says so. */
function till() {
	const payments: { amount: number; pay: PromiseWithResolvers<void>; context: LiveContext }[] = [];
	const pay = live.idempotent(v.object({ amount: v.number() }), async (context, { amount }) => {
		const payment = { amount, pay: Promise.withResolvers<void>(), context };
		payments.push(payment);
		await payment.pay.promise;
		context.publish('payments', 'created', { id: payments.length, amount });
		return `receipt ${payments.length}`;
	});
	return { pay, payments };
}

let ids = 100;
async function call(client: FakeClient, key: string, { amount = 5, path = 'm/pay' } = {}): Promise<number> {
	const id = ids++;
	await client.say(encodeKeyedCall({ id, path, args: [{ amount }], key }));
	return id;
}

describe('a call with a key', () => {
	it('takes effect once, and every attempt gets the answer: on any connection and process, now and later', async () => {
		const { pay, payments } = till();
		const first = await startServer({ m: { pay } }, { backplane: memory() });
		const clients = [await first.connect(), await first.connect()];
		const asked = [await call(clients[0]!, 'order-1'), await call(clients[1]!, 'order-1')];
		await first.clock.advance(1_000);
		expect(payments).toHaveLength(1);
		payments[0]!.pay.resolve();
		await first.clock.advance(1_000);
		const later = await call(clients[1]!, 'order-1');
		await first.clock.settle();
		expect(clients[0]!.resultOf(asked[0]!)).toBe('receipt 1');
		expect([asked[1]!, later].map((id) => clients[1]!.resultOf(id))).toEqual(['receipt 1', 'receipt 1']);
		expect(payments).toHaveLength(1);
	});

	it('goes on when its connection is gone, and is answered on the next one', async () => {
		const { pay, payments } = till();
		const { connect, clock } = await startServer({ m: { pay } });
		const lost = await connect();
		await call(lost, 'order-1');
		await lost.vanish();
		expect(payments[0]!.context.abortSignal.aborted).toBe(false);
		const next = await connect();
		const again = await call(next, 'order-1');
		payments[0]!.pay.resolve();
		await clock.advance(1_000);
		expect(next.resultOf(again)).toBe('receipt 1');
		expect(payments).toHaveLength(1);
	});

	it('is another one for another user, another function and another key', async () => {
		const { pay, payments } = till();
		const { connect } = await startServer({ m: { pay }, n: { pay } });
		const [one, other] = [await connect(ada), await connect(bob)];
		await call(one, 'order-1');
		await call(other, 'order-1');
		await call(one, 'order-2');
		await call(one, 'order-1', { path: 'n/pay' });
		expect(payments).toHaveLength(4);
	});

	it('is a conflict with other arguments', async () => {
		const { pay, payments } = till();
		const { connect } = await startServer({ m: { pay } });
		const client = await connect();
		await call(client, 'order-1');
		const other = await call(client, 'order-1', { amount: 6 });
		expect(client.errorOf(other)).toMatchObject({ code: 'CONFLICT' });
		expect(payments).toHaveLength(1);
	});

	it('is refused where the arguments are, and its key stays free', async () => {
		const { pay, payments } = till();
		const { connect } = await startServer({ m: { pay } });
		const client = await connect();
		const bad = await call(client, 'order-1', { amount: 'much' as never });
		expect(client.errorOf(bad)).toMatchObject({ code: 'VALIDATION' });
		await call(client, 'order-1');
		expect(payments).toHaveLength(1);
	});

	it('is refused where the function takes none, and a call without one where it does', async () => {
		const { connect } = await startServer({ m: { pay: till().pay, plain: live(() => 1) } });
		const client = await connect();
		const keyed = await call(client, 'order-1', { path: 'm/plain' });
		expect(client.errorOf(keyed)).toMatchObject({
			code: 'BAD_REQUEST',
			message: expect.stringContaining('m/plain') as string
		});
		const plain = await client.call('m/pay', { amount: 5 });
		expect(client.errorOf(plain)).toMatchObject({ code: 'BAD_REQUEST' });
	});

	it('of a visitor without an identity has a key that nobody guesses', async () => {
		const { pay, payments } = till();
		const { connect } = await startServer({ m: { pay } });
		const client = await connect({ user: null } as never);
		const short = await call(client, 'order-1');
		expect(client.errorOf(short)).toMatchObject({ code: 'BAD_REQUEST' });
		await call(client, 'Zb2T0kXw1qLe');
		expect(payments).toHaveLength(1);
	});

	it('counts its answer as given when what it published is in the log', async () => {
		const { pay, payments } = till();
		const { connect, server, clock } = await startServer({ m: { pay, events: live.stream('payments', () => []) } });
		const client = await connect();
		await client.subscribe('m/events');
		const id = await call(client, 'order-1');
		payments[0]!.pay.resolve();
		await clock.settle();
		expect(client.messages.findLastIndex(({ kind }) => kind === 'event')).toBeLessThan(
			client.messages.findIndex((message) => message.kind === 'result' && message.id === id)
		);
		expect(server.topicCount).toBe(1);
	});

	it('must be kept for a time', () => {
		expect(() => live.idempotent(() => 1, { keepMs: 0 })).toThrow('"keepMs" must be above 0, not 0');
	});
});
