// What holds where the reader is on one process and the writer on another: nothing of it may depend on who happens to be connected
// where.
import { describe, expect, it } from 'vitest';
import { live, pipe, rateLimiter } from '../../../src/live/index.ts';
import { FakeClient } from '../../support/server-harness.ts';
import { ServerCluster } from '../../support/server-cluster.ts';
import { ada, bob } from './people.ts';

interface Notice {
	id: string;
	to: string;
	secret: string;
}
const notice = (id: string, to = 'ada'): Notice => ({ id, to, secret: `secret of ${id}` });

async function twoProcesses(exports: Record<string, unknown>) {
	const cluster = new ServerCluster({ modules: { m: exports } });
	const [one, other] = [await cluster.start(), await cluster.start()];
	const connect = async ({ server }: typeof one, user = ada) =>
		new FakeClient(server, { user }, cluster.clock).hello();
	const settle = () => cluster.clock.advance(1_000);
	return { one, other, connect, settle };
}

describe('with two processes', () => {
	it('a projection holds for a reader on one of them, whoever publishes on the other, where nobody reads', async () => {
		const stored = live.stream('notices', () => [notice('a')]);
		const shown = pipe(
			stored,
			pipe.transform((_ctx, { id }) => ({ id }))
		);
		const { one, other, connect, settle } = await twoProcesses({ shown });
		const reader = await connect(one);
		await reader.subscribe('m/shown');
		await settle();
		await other.server.publisher.publish(stored.topic(), 'created', notice('b'));
		await settle();
		expect(reader.of('snapshot')).toMatchObject([{ value: [{ id: 'a' }] }]);
		expect(reader.of('event')).toMatchObject([{ event: 'created', data: { id: 'b' } }]);
		expect(reader.socket.sent.join()).not.toContain('secret');
	});

	it('a filter that looks at the caller holds for each on their own process', async () => {
		const stored = live.stream('notices', () => [notice('a'), notice('b', 'bob')]);
		const mine = pipe(
			stored,
			pipe.filter((ctx, { to }) => to === ctx.user.id)
		);
		const { one, other, connect, settle } = await twoProcesses({ mine });
		const [hers, his] = [await connect(one), await connect(other, bob)];
		for (const client of [hers, his]) await client.subscribe('m/mine');
		await settle();
		for (const to of ['ada', 'bob']) {
			await one.server.publisher.publish(stored.topic(), 'created', notice(`for ${to}`, to));
		}
		await settle();
		const ids = (client: FakeClient) => client.of('event').map(({ data }) => (data as Notice).id);
		expect([ids(hers), ids(his)]).toEqual([['for ada'], ['for bob']]);
		expect(his.socket.sent.join()).not.toContain('secret of a"');
	});

	it('a limit counts what somebody does on both of them, in a batch or not', async () => {
		const limiter = rateLimiter({ name: 'writes', points: 4, window: 10_000 });
		const write = live(async (ctx) => (await limiter.consume(ctx)).allowed);
		const { one, other, connect, settle } = await twoProcesses({ write });
		const tabs = [await connect(one), await connect(other)];
		const ids: [FakeClient, number][] = [];
		for (let round = 0; round < 3; round++) for (const tab of tabs) ids.push([tab, await tab.call('m/write')]);
		await settle();
		expect(ids.map(([tab, id]) => tab.resultOf(id)).filter(Boolean)).toHaveLength(4);
	});
});
