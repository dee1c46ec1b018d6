// What must happen once, with workers that share one primary: one of them does it, and hands over when it ends.

import { expect, it } from 'vitest';
import { link } from '../../test/support/linked-channels.ts';
import { Primary } from '../backplanes/cluster/primary.ts';
import { WorkerBackplane } from '../backplanes/cluster/worker-backplane.ts';
import { LiveServer } from '../server/server.ts';
import { VirtualClock } from '../testing/virtual-clock.ts';
import { aggregate } from './aggregate/define-aggregate.ts';
import { cron } from './cron/define-cron.ts';
import { effect } from './effect/define-effect.ts';

const settings = { recipe: { kind: 'memory', args: [] }, afterCrash: 'resume' } as const;

it('workers do everything once, and hand over in order', async () => {
	const clock = new VirtualClock();
	const errors: unknown[] = [];
	const primary = new Primary({ onError: (error) => errors.push(error), clock });
	const seen: number[] = [];
	const ticks: number[] = [];
	const modules = {
		seen: effect<number>(['orders'], (_event, data) => void seen.push(data)),
		ticks: cron('* * * * * *', ({ scheduledAt }) => void ticks.push(scheduledAt.getTime() / 1_000)),
		sum: aggregate('orders', { sum: { init: () => 0, reduce: (sum, _event, data: number) => sum + data } })
	};
	const start = async (): Promise<LiveServer> => {
		const channel = link(clock);
		primary.attach(channel.primary);
		const backplane = new WorkerBackplane({ channel: channel.worker, clock, settings, waitingCharacters: 1_000 });
		const server = new LiveServer({ backplane, clock, onError: (...[, error]) => errors.push(error) });
		server.registry.register('m', modules);
		const started = server.start();
		await clock.settle();
		await started;
		return server;
	};
	const [one, other] = [await start(), await start()];
	void one.publisher.publish('orders', 'created', 1);
	await clock.advance(3_000);
	void other.publisher.publish('orders', 'created', 2);
	void one.drain();
	await clock.advance(3_000);
	void other.publisher.publish('orders', 'created', 3);
	await clock.advance(1_000);
	expect(seen).toEqual([1, 2, 3]);
	expect(ticks).toEqual([...new Set(ticks)]);
	expect(ticks.length).toBeGreaterThanOrEqual(5);
	const sum = other.loadStream('m/sum', { user: { id: 'ada' } }, []);
	await clock.settle();
	expect((await sum).value).toEqual({ sum: 6 });
	expect(errors).toEqual([]);
});
