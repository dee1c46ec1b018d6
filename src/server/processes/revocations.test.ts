import { describe, expect, it } from 'vitest';
import { ada, bob, startServer, type Harness } from '../../../test/support/server-harness.ts';
import type { Position } from '../../protocol/position.ts';
import type { TopicName } from '../../protocol/topic.ts';
import { FaultyCluster, NO_FAULTS } from '../../testing/faulty-cluster.ts';
import { Random } from '../../testing/random.ts';
import { VirtualClock } from '../../testing/virtual-clock.ts';
import type { Backplane } from '../backplane.ts';

const clusterThatLoses = (lose: number): FaultyCluster =>
	new FaultyCluster({ clock: new VirtualClock(), random: new Random(1), faults: { ...NO_FAULTS, lose } });

/** A log that can go on in another epoch, as some do whose service was restarted. */
function renamable(inner: Backplane): { backplane: Backplane; rename: () => void } {
	let suffix = '';
	const [head, read] = [inner.head.bind(inner), inner.read.bind(inner)];
	const backplane = Object.assign(inner, {
		head: async (topic: TopicName) => {
			const { epoch, offset } = await head(topic);
			return { epoch: epoch + suffix, offset };
		},
		read: (topic: TopicName, { epoch, offset }: Position) => read(topic, { epoch: epoch.replace('+', ''), offset })
	});
	return { backplane, rename: () => (suffix = '+') };
}

/** Two processes; of what one tells the other, this share is lost. */
async function start(lose: number): Promise<{ one: Harness; two: Harness; cluster: FaultyCluster }> {
	const cluster = clusterThatLoses(lose);
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

describe('a log of revocations that goes on in another epoch', () => {
	it('ends what was revoked meanwhile, and nobody else', async () => {
		const cluster = clusterThatLoses(1);
		const { backplane, rename } = renamable(cluster.member());
		const one = await startServer({}, { backplane: cluster.member() });
		const two = await startServer({}, { backplane });
		const clients = [await two.connect(ada), await two.connect(bob)] as const;
		await one.server.revoke('ada');
		rename();
		await two.clock.advance(500);
		expect(clients[0].end?.code).toBe('SESSION_EXPIRED');
		expect(clients[1].end).toBeNull();
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
