import { describe, expect, it } from 'vitest';
import { ada, bob, startServer, type Harness } from '../../../test/support/server-harness.ts';
import { FaultyCluster, NO_FAULTS } from '../../testing/faulty-cluster.ts';
import { Random } from '../../testing/random.ts';
import { VirtualClock } from '../../testing/virtual-clock.ts';

/** Two processes; of what one tells the other, this share is lost. */
async function start(lose: number): Promise<{ one: Harness; two: Harness; cluster: FaultyCluster }> {
	const faults = { ...NO_FAULTS, lose };
	const cluster = new FaultyCluster({ clock: new VirtualClock(), random: new Random(1), faults });
	const one = await startServer({}, { backplane: cluster.member() });
	const two = await startServer({}, { backplane: cluster.member() });
	return { one, two, cluster };
}

describe('a user that is revoked on one process', () => {
	it('loses the connections to every other one too, and nobody else does', async () => {
		const { one, two } = await start(0);
		const clients = [await one.connect(ada), await two.connect(ada), await two.connect(ada)];
		const others = [await one.connect(bob), await two.connect(bob)];
		await one.server.revoke('ada');
		for (const { clock } of [one, two]) await clock.advance(0);
		for (const client of clients) expect(client.end).toEqual({ code: 'SESSION_EXPIRED', close: 4410 });
		for (const client of others) expect(client.end).toBeNull();
	});

	it('loses them within half a second where the message is lost', async () => {
		const { one, two } = await start(1);
		const client = await two.connect(ada);
		await one.server.revoke('ada');
		await two.clock.advance(499);
		expect(client.end).toBeNull();
		await two.clock.advance(1);
		expect(client.end?.code).toBe('SESSION_EXPIRED');
	});

	it('is not revoked again by what comes later', async () => {
		const { one, two } = await start(0);
		await one.server.revoke('ada');
		await two.clock.advance(1_000);
		const client = await two.connect(ada);
		await one.server.revoke('bob');
		await two.clock.advance(5_000);
		expect(client.end).toBeNull();
	});
});

describe('a log of revocations that was lost', () => {
	it('has everybody asked anew, spread over some seconds: it may have held anybody', async () => {
		const { one, cluster } = await start(0);
		const clients = [await one.connect(ada), await one.connect(bob)];
		cluster.loseLog();
		await one.clock.advance(500);
		for (const client of clients) {
			expect(client.of('goodbye')).toMatchObject([{ code: 'UNAVAILABLE', retryAfterMs: 2_500 }]);
		}
	});
});
