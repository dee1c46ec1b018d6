import { afterEach, describe, expect, it } from 'vitest';
import { startServer } from '../../../test/support/server-harness.ts';
import { ServerCluster } from '../../../test/support/server-cluster.ts';
import { stream } from '../../server/define-stream.ts';
import { cron } from './define-cron.ts';
import { onCronError } from './on-cron-error.ts';
import type { CronContext, CronOptions } from './plan.ts';

const SECOND = '* * * * * *';
const MINUTE = '* * * * *';

afterEach(() => onCronError(undefined));

/** A job that writes down when it was due, as minutes or seconds of the hour. */
function recorder(schedule: string, options: CronOptions = {}, onRun: (ctx: CronContext) => unknown = () => {}) {
	const runs: string[] = [];
	const contexts: CronContext[] = [];
	const job = cron(
		schedule,
		async (ctx) => {
			runs.push(ctx.scheduledAt.toISOString().slice(14, 19));
			contexts.push(ctx);
			await onRun(ctx);
		},
		options
	);
	return { runs, contexts, modules: { m: { job } } };
}

describe('a job', () => {
	it.each([
		['a schedule that never comes', /never comes/, () => cron('0 0 31 2 *', () => {})],
		['no function', /takes a function/, () => cron(MINUTE, 'stats', 5 as never)],
		['a topic that is none', /part of type object/, () => cron(MINUTE, [{}] as never, () => {})],
		['no time to run', /"timeoutMs"/, () => cron(MINUTE, () => {}, { timeoutMs: 0 })],
		['a lateness below 0', /"catchUpMs"/, () => cron(MINUTE, () => {}, { catchUpMs: -1 })]
	])('with %s is refused where it stands', (...[, why, make]) => {
		expect(make).toThrow(why);
	});

	it('runs by itself whenever it is due', async () => {
		const { runs, modules } = recorder('*/2 * * * *');
		const { clock } = await startServer(modules);
		await clock.advance(10 * 60_000);
		expect(runs).toEqual(['02:00', '04:00', '06:00', '08:00', '10:00']);
	});

	it('publishes what it returns, unless that is undefined', async () => {
		const stats = stream('stats', () => 0, { merge: 'set' });
		let count = 0;
		const job = cron(SECOND, stats, () => (++count === 2 ? undefined : count));
		const { clock, connect } = await startServer({ m: { stats, job } });
		const client = await connect();
		await client.subscribe('m/stats');
		await clock.advance(3_000);
		expect(client.of('event').map(({ event, data }) => [event, data])).toEqual([
			['set', 1],
			['set', 3]
		]);
	});

	it('that throws is reported with its path and context, and runs again; others run on', async () => {
		const reports: unknown[] = [];
		onCronError((path, error, context) => {
			reports.push([path, (error as Error).message, context?.scheduledAt.toISOString().slice(14, 19)]);
		});
		const failing = recorder(MINUTE, {}, () => {
			throw new Error('no');
		});
		const other = recorder(MINUTE);
		const { clock, errors } = await startServer({ m: failing.modules.m, n: other.modules.m });
		await clock.advance(2 * 60_000);
		expect(failing.runs).toEqual(['01:00', '02:00']);
		expect(other.runs).toEqual(['01:00', '02:00']);
		expect(reports).toEqual([
			['m/job', 'no', '01:00'],
			['m/job', 'no', '02:00']
		]);
		expect(errors).toEqual([]);
	});

	it('that throws is reported to onError where nothing else is told, and where that fails itself', async () => {
		const { modules } = recorder(MINUTE, {}, () => {
			throw new Error('no');
		});
		const { clock, errors } = await startServer(modules);
		await clock.advance(60_000);
		onCronError(() => {
			throw new Error('the hook');
		});
		await clock.advance(60_000);
		expect(errors).toMatchObject([
			{ path: 'm/job', error: { message: 'no' } },
			{ path: 'm/job', error: { message: 'the hook' } }
		]);
	});

	it('is left out while it still runs, and says so', async () => {
		let finish = (): void => {};
		const { runs, contexts, modules } = recorder(SECOND, {}, () => new Promise<void>((done) => (finish = done)));
		const { clock, errors } = await startServer(modules);
		await clock.advance(3_500);
		expect(runs).toEqual(['00:01']);
		finish();
		await clock.advance(1_000);
		expect(runs).toEqual(['00:01', '00:04']);
		expect(contexts[1]?.missed).toBe(2);
		expect(errors.map(({ error }) => (error as Error).name)).toEqual(['CronOverlap', 'CronOverlap']);
	});

	it('waits for the run before, where none may be left out', async () => {
		let finish = (): void => {};
		const { runs, modules } = recorder(SECOND, { catchUp: 'all' }, ({ scheduledAt }) =>
			scheduledAt.getUTCSeconds() === 1 ? new Promise<void>((done) => (finish = done)) : undefined
		);
		const { clock, errors } = await startServer(modules);
		await clock.advance(3_500);
		expect(runs).toEqual(['00:01']);
		finish();
		await clock.settle();
		expect(runs).toEqual(['00:01', '00:02', '00:03']);
		expect(errors).toEqual([]);
	});

	it('that hangs is aborted after its time, and runs again', async () => {
		const { runs, contexts, modules } = recorder(MINUTE, { timeoutMs: 30_000 }, () => new Promise(() => {}));
		const { clock, errors } = await startServer(modules);
		await clock.advance(2 * 60_000);
		expect(runs).toEqual(['01:00', '02:00']);
		expect(contexts[0]?.abortSignal.aborted).toBe(true);
		expect(errors).toMatchObject([{ error: { code: 'TIMEOUT', message: /timeoutMs.*30000/ } }]);
	});

	it('may finish while the server drains, and begins no more', async () => {
		const gate = Promise.withResolvers<void>();
		const { runs, modules } = recorder(SECOND, {}, () => gate.promise);
		const { server, clock, errors } = await startServer(modules);
		await clock.advance(1_000);
		const drained = server.drain();
		await clock.settle();
		gate.resolve();
		await clock.advance(5_000);
		await drained;
		expect(runs).toEqual(['00:01']);
		expect(errors).toEqual([]);
	});

	it('that does not finish while the server drains is aborted and reported', async () => {
		const { contexts, modules } = recorder(SECOND, {}, () => new Promise(() => {}));
		const { server, clock, errors } = await startServer(modules);
		await clock.advance(1_000);
		const drained = server.drain(4_000);
		await clock.advance(4_000);
		await drained;
		expect(contexts[0]?.abortSignal.aborted).toBe(true);
		expect(errors).toMatchObject([{ path: 'm/job', error: { message: /released/ } }]);
	});
});

describe('in several processes', () => {
	it('one runs it at each time', async () => {
		const { runs, modules } = recorder(MINUTE);
		const cluster = new ServerCluster({ modules });
		for (let index = 0; index < 3; index++) await cluster.start();
		await cluster.clock.advance(3 * 60_000);
		expect(runs).toEqual(['01:00', '02:00', '03:00']);
	});

	it('what was due while a process was missed is made up for once: the last time of it', async () => {
		const { runs, contexts, modules } = recorder(SECOND);
		const cluster = new ServerCluster({ modules });
		const [one] = [await cluster.start(), await cluster.start()];
		await cluster.clock.advance(2_500);
		one.kill();
		await cluster.clock.advance(10_000);
		const [late] = contexts.slice(2);
		expect(new Set(runs).size).toBe(runs.length);
		expect(runs.slice(0, 2)).toEqual(['00:01', '00:02']);
		expect(runs.slice(-3)).toEqual(['00:10', '00:11', '00:12']);
		expect(late?.missed).toBe(12 - runs.length);
		expect(late?.missed).toBeGreaterThan(3);
	});

	it('or every time of it, in order', async () => {
		const { runs, modules } = recorder(SECOND, { catchUp: 'all' });
		const cluster = new ServerCluster({ modules });
		const [one] = [await cluster.start(), await cluster.start()];
		await cluster.clock.advance(2_500);
		one.kill();
		await cluster.clock.advance(10_000);
		expect(runs).toEqual(Array.from({ length: 12 }, (_, index) => `00:${String(index + 1).padStart(2, '0')}`));
	});

	it('or nothing of it, and it says so', async () => {
		const { runs, modules } = recorder(MINUTE, { catchUpMs: 0 });
		const cluster = new ServerCluster({ modules });
		const [one, other] = [await cluster.start(), await cluster.start()];
		await cluster.clock.advance(58_000);
		one.kill();
		await cluster.clock.advance(3 * 60_000);
		expect(runs).toEqual(['02:00', '03:00']);
		expect(other.errors).toMatchObject([{ path: 'm/job', error: { name: 'CronMissed' } }]);
	});

	it('a run whose process was killed is not made again, and is reported', async () => {
		const { runs, modules } = recorder(MINUTE, {}, () => (runs.length === 1 ? new Promise(() => {}) : undefined));
		const cluster = new ServerCluster({ modules });
		const [one, other] = [await cluster.start(), await cluster.start()];
		await cluster.clock.advance(60_000);
		one.kill();
		await cluster.clock.advance(60_000);
		expect(runs).toEqual(['01:00', '02:00']);
		expect(other.errors).toMatchObject([{ path: 'm/job', error: { name: 'CronInterrupted' } }]);
	});

	it('or is made again where it says so', async () => {
		const { runs, modules } = recorder(MINUTE, { repeatInterrupted: true }, () =>
			runs.length === 1 ? new Promise(() => {}) : undefined
		);
		const cluster = new ServerCluster({ modules });
		const [one] = [await cluster.start(), await cluster.start()];
		await cluster.clock.advance(60_000);
		one.kill();
		await cluster.clock.advance(60_000);
		expect(runs).toEqual(['01:00', '01:00', '02:00']);
	});

	it('a clock that is a day ahead makes no run twice, and is reported by the others', async () => {
		const { runs, modules } = recorder(MINUTE);
		const cluster = new ServerCluster({ modules });
		const [one, other] = [await cluster.start({}, { wallMs: 24 * 60 * 60_000 }), await cluster.start()];
		await cluster.clock.advance(2 * 60_000);
		one.kill();
		await cluster.clock.advance(3 * 60_000);
		expect(runs).toEqual(['01:00', '02:00']);
		expect(other.errors).toMatchObject([{ error: { name: 'CronAhead' } }]);
	});

	it('with another schedule, nothing of the time before is made up for', async () => {
		const runs: string[] = [];
		const at = (schedule: string) => ({
			job: cron(schedule, ({ scheduledAt }) => void runs.push(scheduledAt.toISOString().slice(14, 19)))
		});
		const cluster = new ServerCluster({ modules: {} });
		const one = await cluster.start();
		one.server.registry.register('m', at(MINUTE));
		await cluster.clock.advance(2 * 60_000);
		one.kill();
		await cluster.clock.advance(4 * 60_000);
		const other = await cluster.start();
		other.server.registry.register('m', at('*/5 * * * *'));
		await cluster.clock.advance(5 * 60_000);
		expect(runs).toEqual(['01:00', '02:00', '10:00']);
	});

	it('whoever has lost its lease publishes no result', async () => {
		const gates: (() => void)[] = [];
		const job = cron(MINUTE, 'stats', async () => {
			await new Promise<void>((done) => gates.push(done));
			return gates.length;
		});
		const cluster = new ServerCluster({ modules: { m: { job } } });
		await cluster.start();
		await cluster.clock.advance(60_000);
		await cluster.log.store.remove('lease/cron m/job');
		await cluster.clock.advance(10_000);
		gates[0]?.();
		await cluster.clock.settle();
		expect(cluster.log.log('stats' as never).head.offset).toBe(0);
	});

	it('a process that was cut off publishes no result after another one took over', async () => {
		let finish = (): void => {};
		const job = cron(MINUTE, 'stats', async () => {
			await new Promise<void>((done) => (finish = done));
			return 'late';
		});
		const cluster = new ServerCluster({ modules: { m: { job } } });
		const [one, other] = [await cluster.start(), await cluster.start()];
		await cluster.clock.advance(60_000);
		const finishFirst = finish;
		one.cutOff();
		await cluster.clock.advance(30_000);
		finishFirst();
		await cluster.clock.settle();
		expect(cluster.log.log('stats' as never).head.offset).toBe(0);
		expect(other.errors).toMatchObject([{ error: { name: 'CronInterrupted' } }]);
	});
});
