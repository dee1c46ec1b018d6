import { describe, expect, it } from 'vitest';
import { ada, startServer } from '../../../test/support/server-harness.ts';
import { FaultyCluster, NO_FAULTS } from '../../testing/faulty-cluster.ts';
import { Random } from '../../testing/random.ts';
import { VirtualClock } from '../../testing/virtual-clock.ts';
import { live } from '../../live/live.ts';

const rows = live.stream('rows', () => []);
const other = live.stream('other', () => []);

/** Processes that a backplane joins, on one clock. */
async function start(count: number) {
	const clock = new VirtualClock();
	const cluster = new FaultyCluster({ clock, random: new Random(1), faults: NO_FAULTS });
	const processes = [];
	for (let index = 0; index < count; index++) {
		processes.push(await startServer({ m: { rows, other } }, { backplane: cluster.member(), clock }));
	}
	await clock.advance(2_500); // each has seen the others
	return { clock, processes };
}

/** Lets time pass until a promise settles. */
async function within<Value>(clock: VirtualClock, promise: Promise<Value>): Promise<Value> {
	await clock.advance(2_500);
	return promise;
}

describe('an operator', () => {
	it('sees what each process has, whichever is asked', async () => {
		const { clock, processes } = await start(2);
		const [one, two] = processes as [(typeof processes)[0], (typeof processes)[0]];
		const reader = two.accept(ada);
		await reader.hello();
		await reader.subscribe('m/rows');
		await reader.subscribe('m/other');
		reader.socket.stopReading();
		await reader.call('m/none');
		await clock.advance(1);
		const { processes: reports, silent } = await within(clock, one.server.operations.overview());
		expect(silent).toEqual([]);
		expect(reports.map(({ id }) => id)).toEqual([one.server.processId, two.server.processId]);
		expect(reports).toMatchObject([
			{ state: 'ready', connections: 0, topicCount: 0, topics: [], slow: [] },
			{
				connections: 1,
				topicCount: 2,
				topics: [
					{ name: 'rows', readers: 1, offset: 0 },
					{ name: 'other', readers: 1, offset: 0 }
				],
				slow: [{ user: 'ada', queuedBytes: expect.any(Number) as number }]
			}
		]);
	});

	it('drains another process, which others still see', async () => {
		const { clock, processes } = await start(2);
		const [one, two] = processes as [(typeof processes)[0], (typeof processes)[0]];
		await within(clock, one.server.operations.drain(two.server.processId));
		expect(two.server.readiness.state).toBe('draining');
		expect(one.server.readiness.state).toBe('ready');
		const { processes: reports } = await within(clock, one.server.operations.overview());
		expect(reports.map(({ state }) => state)).toEqual(['ready', 'draining']);
	});

	it('is told which process does not answer', async () => {
		const { clock, processes } = await start(2);
		const [one, two] = processes as [(typeof processes)[0], (typeof processes)[0]];
		two.server.operations.stop();
		const { processes: reports, silent } = await within(clock, one.server.operations.overview());
		expect(reports).toHaveLength(1);
		expect(silent).toEqual([two.server.processId]);
	});

	it('has one process where nothing joins it with others', async () => {
		const { server } = await startServer({ m: { rows } });
		const { processes } = await server.operations.overview();
		expect(processes).toMatchObject([{ id: server.processId, state: 'ready' }]);
		await server.operations.drain(server.processId);
		expect(server.readiness.state).toBe('draining');
	});
});
