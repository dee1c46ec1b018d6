import { describe, expect, it } from 'vitest';
import { startServer } from '../../test/support/server-harness.ts';
import { encodeTopic } from '../protocol/topic.ts';
import { encodeEventBody } from '../protocol/stream.ts';
import { FaultyCluster, NO_FAULTS } from '../testing/faulty-cluster.ts';
import { Random } from '../testing/random.ts';
import { VirtualClock } from '../testing/virtual-clock.ts';
import type { Backplane, BackplaneStatus } from './backplane.ts';
import { live } from '../live/live.ts';
import { LiveServer } from './server.ts';

/** A process whose backplane tells when its service comes and goes, and loses every message of other processes. */
async function start() {
	const cluster = new FaultyCluster({
		clock: new VirtualClock(),
		random: new Random(1),
		faults: { ...NO_FAULTS, lose: 1 }
	});
	const backplane = cluster.member();
	let tell: (status: BackplaneStatus) => void = () => {};
	const begin = backplane.start.bind(backplane);
	const watched: Backplane = Object.assign(backplane, {
		start: (...[deliver, onStatus]: Parameters<Backplane['start']>) => {
			tell = onStatus ?? tell;
			return begin(deliver);
		}
	});
	const rows = live.stream('rows', () => []);
	const harness = await startServer({ m: { rows } }, { backplane: watched });
	const other = cluster.member();
	await other.start(() => {});
	return { ...harness, other, tell: (status: BackplaneStatus) => tell(status) };
}

describe('a server', () => {
	it('is ready while it runs and its backplane can be reached', async () => {
		const { server, tell } = await start();
		expect(server.readiness).toEqual({ ready: true, state: 'ready', reason: null });
		tell({ available: false, reason: 'redis: the connection was refused' });
		expect(server.readiness).toMatchObject({ state: 'no-backplane', reason: 'redis: the connection was refused' });
		tell({ available: true, reason: null });
		expect(server.readiness.ready).toBe(true);
		await server.drain(0);
		expect(server.readiness).toMatchObject({ ready: false, state: 'draining' });
		const idle = new LiveServer({
			backplane: new FaultyCluster({
				clock: new VirtualClock(),
				random: new Random(1),
				faults: NO_FAULTS
			}).member()
		});
		expect(idle.readiness).toMatchObject({ ready: false, state: 'starting' });
	});

	it('looks for what it missed as soon as its backplane is back', async () => {
		const { connect, clock, other, tell } = await start();
		const client = await connect();
		await client.subscribe('m/rows');
		await other.append(encodeTopic('rows'), encodeEventBody('created', { id: 1 }));
		await clock.settle();
		expect(client.of('event')).toEqual([]);
		tell({ available: true, reason: null });
		await clock.advance(0);
		expect(client.of('event')).toMatchObject([{ offset: 1, data: { id: 1 } }]);
	});
});
