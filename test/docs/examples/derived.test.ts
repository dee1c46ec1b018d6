// What people know of schedules, derived streams, effects and aggregates, run. Nothing is activated: they begin by themselves.
import { afterEach, describe, expect, it } from 'vitest';
import { live, onCronError } from '../../../src/live/index.ts';
import { createTestEnv } from '../../../src/testing/index.ts';
import { ada } from './people.ts';

const reported: [path: string, message: string][] = [];
const env = createTestEnv({ onError: (path, error) => void reported.push([path, (error as Error).message]) });
afterEach(async () => {
	onCronError(undefined);
	await env.cleanup();
	reported.length = 0;
});

const MINUTE_MS = 60_000;

interface Order {
	id: string;
	amount: number;
}

describe('a schedule', () => {
	it('refreshes statistics every five minutes, before anybody has called anything', async () => {
		let runs = 0;
		const stats = live.stream('stats', () => ({ runs }), { merge: 'set' });
		const refreshStats = live.cron('*/5 * * * *', 'stats', () => ({ runs: ++runs }));
		env.register('stats', { stats, refreshStats });
		await env.advance(10 * MINUTE_MS);
		expect(runs).toBe(2);
		const shown = env.connect(ada).subscribe(stats);
		expect(await shown.ready).toEqual({ runs: 2 });
		await env.advance(5 * MINUTE_MS);
		expect(shown.value).toEqual({ runs: 3 });
	});

	it('knows ranges, lists and steps', async () => {
		const at: string[] = [];
		const note = live.cron('0,30 9-10 * * *', (ctx) => void at.push(ctx.scheduledAt.toISOString().slice(11, 16)));
		env.register('jobs', { note });
		await env.advance(24 * 60 * MINUTE_MS);
		expect(at.toSorted()).toEqual(['09:00', '09:30', '10:00', '10:30']);
	});

	it('tells one handler of the failures of all jobs, and runs them again', async () => {
		const failed: string[] = [];
		onCronError((path, error) => void failed.push(`${path}: ${(error as Error).message}`));
		let good = 0;
		env.register('jobs', {
			bad: live.cron('* * * * *', () => {
				throw new Error('no database');
			}),
			good: live.cron('* * * * *', () => void good++)
		});
		await env.advance(2 * MINUTE_MS);
		expect(failed).toEqual(['jobs/bad: no database', 'jobs/bad: no database']);
		expect(good).toBe(2);
	});
});

describe('a derived stream', () => {
	it('shows a dashboard that follows orders, stock and users, once for many events', async () => {
		const counts = { orders: 1, lowStock: 0 };
		let computed = 0;
		const dashboard = live.derived(
			['orders', 'inventory', 'users'],
			() => {
				computed++;
				return { ...counts };
			},
			{ debounce: 500 }
		);
		env.register('dashboard', { dashboard });
		const shown = env.connect(ada).subscribe(dashboard);
		expect(await shown.ready).toEqual({ orders: 1, lowStock: 0 });
		const before = computed;
		for (const [topic, key] of [
			['orders', 'orders'],
			['inventory', 'lowStock']
		] as const) {
			counts[key]++;
			await env.publish([topic], 'created', { id: topic });
		}
		await env.settle();
		await env.advance(499);
		expect(shown.value).toEqual({ orders: 1, lowStock: 0 });
		await env.advance(1);
		expect(shown.value).toEqual({ orders: 2, lowStock: 1 });
		expect(computed - before).toBe(1);
	});
});

describe('an effect', () => {
	it('sends one mail for each new order, and nothing to any page', async () => {
		const mails: string[] = [];
		const orders = live.stream('orders', (): Order[] => []);
		const confirm = live.effect(['orders'], (event, order: Order) => {
			if (event === 'created') mails.push(`order ${order.id}`);
		});
		env.register('shop', { orders, confirm });
		const client = env.connect(ada);
		await client.subscribe(orders).ready;
		await env.publish(orders.topic(), 'created', { id: '1', amount: 5 });
		await env.publish(orders.topic(), 'deleted', { id: '1' });
		await env.settle();
		expect(mails).toEqual(['order 1']);
		await expect(client.subscribe('shop/confirm').ready).rejects.toMatchObject({ code: 'NOT_FOUND' });
	});

	it('goes on with the next order where one of them fails, and so do other effects', async () => {
		const mails: string[] = [];
		env.register('shop', {
			confirm: live.effect(['orders'], (_event, order: Order) => {
				if (order.id === '1') throw new Error('the mail server said no');
				mails.push(order.id);
			}),
			count: live.effect(['orders'], (_event, order: Order) => void mails.push(`counted ${order.id}`))
		});
		await env.settle(); // an effect begins with what is published after it is there
		for (const id of ['1', '2']) await env.publish(['orders'], 'created', { id, amount: 1 });
		await env.settle();
		expect(mails.toSorted()).toEqual(['2', 'counted 1', 'counted 2']);
		expect(reported).toEqual([['shop/confirm', 'the mail server said no']]);
	});
});

describe('an aggregate', () => {
	const isNew = (event: string): boolean => event === 'created';

	it('shows count, total and average of orders, each counted once', async () => {
		const orderStats = live.aggregate(
			'orders',
			{
				count: { init: () => 0, reduce: (count: number, event: string) => count + (isNew(event) ? 1 : 0) },
				total: {
					init: () => 0,
					reduce: (sum: number, event: string, order: Order) => sum + (isNew(event) ? order.amount : 0)
				},
				avg: { compute: ({ count, total }) => (count > 0 ? total / count : 0) }
			},
			{ topic: 'order-stats' }
		);
		env.register('stats', { orderStats });
		const shown = env.connect(ada).subscribe(orderStats);
		expect(await shown.ready).toEqual({ count: 0, total: 0, avg: 0 });
		for (const amount of [10, 20]) await env.publish(['orders'], 'created', { id: `${amount}`, amount });
		await env.publish(['orders'], 'deleted', { id: '10' });
		await env.settle();
		expect(shown.value).toEqual({ count: 2, total: 30, avg: 15 });
		expect(await env.connect(ada).subscribe(orderStats).ready).toEqual({ count: 2, total: 30, avg: 15 });
	});

	it('goes on with the other fields where one reducer fails', async () => {
		const stats = live.aggregate(
			'orders',
			{
				broken: {
					init: () => 0,
					reduce: (): number => {
						throw new Error('a typing error');
					}
				},
				count: { init: () => 0, reduce: (count: number) => count + 1 }
			},
			{ topic: 'stats' }
		);
		env.register('stats', { stats });
		const shown = env.connect(ada).subscribe(stats);
		await shown.ready;
		for (const id of ['1', '2']) await env.publish(['orders'], 'created', { id, amount: 1 });
		await env.settle();
		expect(shown.value).toEqual({ broken: 0, count: 2 });
		expect(reported.map(([path]) => path)).toContain('stats/stats');
	});
});
