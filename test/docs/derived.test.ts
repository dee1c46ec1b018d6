// The examples of docs/derived.md, run: their files are written beside each other, on the sources instead of the package.
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { onCronError } from '../../src/features/cron/on-cron-error.ts';
import { createTestEnv } from '../../src/testing/test-env.ts';
import { runExamples } from './run-examples.ts';

const load = runExamples('derived');
const MINUTE_MS = 60_000;

const env = createTestEnv();
beforeEach(() => vi.resetModules());
afterEach(async () => {
	onCronError(undefined);
	await env.cleanup();
});

async function register(...names: string[]): Promise<void> {
	const modules = await Promise.all(names.map((name) => load<object>(`lib/${name}.live.ts`)));
	for (const [index, module] of modules.entries()) env.register(`lib/${names[index]!}`, module);
}

const ada = { id: 'red-lead' };

describe('docs/derived.md', () => {
	it('derives a dashboard from orders, and one per team for its members', async () => {
		await register('shop', 'dashboard');
		const client = env.connect(ada);
		const dashboard = client.subscribe('lib/dashboard/dashboard');
		expect(await dashboard.ready).toEqual({ orders: 7 });
		await client.call('lib/shop/addOrder', '1', 10);
		await env.advance(500);
		expect(dashboard.events.at(-1)).toMatchObject({ event: 'set', data: { orders: 7 } });
		expect(await client.subscribe('lib/dashboard/team', 'red').ready).toEqual({ members: ['red-lead'] });
		await expect(client.subscribe('lib/dashboard/team', 'blue').ready).rejects.toMatchObject({ code: 'FORBIDDEN' });
	});

	it('confirms each order once', async () => {
		await register('shop', 'notifications');
		const { sent } = await load<{ sent: string[] }>('lib/server/mail.ts');
		await env.connect(ada).call('lib/shop/addOrder', '1', 10);
		await env.settle();
		expect(sent).toEqual(['Thank you: 1']);
	});

	it('counts orders over all time, per minute and over the last hour', async () => {
		await register('shop', 'stats');
		const client = env.connect(ada);
		const names = ['orderStats', 'perMinute', 'lastHour'];
		const [all, minute, hour] = names.map((name) => client.subscribe(`lib/stats/${name}`));
		await Promise.all([all!.ready, minute!.ready, hour!.ready]);
		for (const amount of [10, 20]) await client.call('lib/shop/addOrder', String(amount), amount);
		await env.settle();
		expect(all!.value).toEqual({ count: 2, total: 30, average: 15 });
		expect(hour!.value).toEqual({ count: 2, total: 30 });
		await env.advance(MINUTE_MS);
		expect(minute!.value).toMatchObject({ count: 0, previous: { count: 2, total: 30 } });
		await env.advance(60 * MINUTE_MS);
		expect(hour!.value).toEqual({ count: 0, total: 0 });
	});

	it('refreshes a total every five minutes', async () => {
		await register('jobs');
		const total = env.connect(ada).subscribe('lib/jobs/total');
		await total.ready;
		await env.advance(5 * MINUTE_MS);
		expect(total.events).toMatchObject([{ event: 'set', data: 7 }]);
	});

	it('tells one handler of the failures of all jobs', async () => {
		const { default: config } = await load<{ default: { onError: unknown } }>('hooks.live.ts');
		expect(config.onError).toBeTypeOf('function');
	});
});
