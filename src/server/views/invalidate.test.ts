// Streams that are loaded anew because what they had loaded does not hold any more.
import { describe, expect, it } from 'vitest';
import { ada, bob, startServer, type Harness } from '../../../test/support/server-harness.ts';
import { memory } from '../../backplanes/memory/memory.ts';
import { pipe } from '../../features/pipe/pipe.ts';
import { live } from '../../live/live.ts';
import { LiveError } from '../../base/errors.ts';
import { encodeCatchup } from '../../protocol/stream.ts';

const invalidate = async (harness: Harness, topic: string, path: string | null = null): Promise<void> => {
	await harness.server.publisher.invalidate([topic], path);
	await harness.clock.settle();
};

/** A load that can be held up. */
function slowLoad() {
	const state = { value: 0, loads: 0, gate: null as Promise<void> | null };
	const load = async (): Promise<{ id: number; value: number }[]> => {
		state.loads++;
		const { value } = state;
		await state.gate;
		return [{ id: 1, value }];
	};
	return { state, load };
}

/** A client that reads what is loaded so. */
async function slowReader() {
	const { state, load } = slowLoad();
	const harness = await startServer({ m: { rows: live.stream('rows', load) } });
	const client = await harness.connect();
	const id = await client.subscribe('m/rows');
	return { state, harness, client, id };
}

describe('an invalidated stream', () => {
	it('is loaded once for all, and its value replaced without a reset', async () => {
		const { state, load } = slowLoad();
		const harness = await startServer({ m: { rows: live.stream('rows', load) } });
		const clients = [await harness.connect(ada), await harness.connect(bob)];
		const ids = await Promise.all(clients.map((client) => client.subscribe('m/rows')));
		state.value = 7;
		await invalidate(harness, 'rows');
		expect(state.loads).toBe(2);
		for (const [index, client] of clients.entries()) {
			expect(client.kindsFor(ids[index]!)).toEqual(['snapshot', 'snapshot']);
			expect(client.of('snapshot').at(-1)?.value).toEqual([{ id: 1, value: 7 }]);
			expect(client.of('snapshot').at(-1)?.position?.offset).toBe(1);
		}
	});

	it('is loaded under the session of each where the load looks at it', async () => {
		const versions = { now: 1 };
		const load = async (ctx: { user: unknown }) => {
			const { id } = ctx.user as { id: string };
			await Promise.resolve();
			return [{ id, version: versions.now }];
		};
		const harness = await startServer({ m: { rows: live.stream('rows', load) } });
		const clients = await Promise.all(
			Array.from({ length: 40 }, (_, index) => harness.connect({ user: { id: `u${index}` } }))
		);
		for (const client of clients) await client.subscribe('m/rows');
		versions.now = 2;
		await invalidate(harness, 'rows');
		for (const [index, client] of clients.entries()) {
			expect(client.of('snapshot').map(({ value }) => value)).toEqual([
				[{ id: `u${index}`, version: 1 }],
				[{ id: `u${index}`, version: 2 }]
			]);
		}
	});

	it('gets live events while it loads, and is loaded once more however often that happens meanwhile', async () => {
		const { state, harness, client, id } = await slowReader();
		const held = Promise.withResolvers<void>();
		state.gate = held.promise;
		for (let times = 0; times < 5; times++) await invalidate(harness, 'rows');
		await harness.server.publisher.publish(['rows'], 'created', { id: 2, value: 0 });
		await harness.clock.settle();
		expect(client.of('event').at(-1)).toMatchObject({ event: 'created' });
		expect(client.kindsFor(id)).toEqual(['snapshot']);
		state.value = 9;
		state.gate = null;
		held.resolve();
		await harness.clock.settle();
		expect(state.loads).toBe(3);
		expect(client.of('snapshot').at(-1)?.value).toEqual([{ id: 1, value: 9 }]);
	});

	it('is loaded anew by who was away meanwhile, and by who was just being loaded', async () => {
		const { state, harness, client } = await slowReader();
		const { position } = client.of('snapshot')[0]!;
		await client.vanish();
		state.value = 3;
		await invalidate(harness, 'rows');
		const back = await harness.connect();
		const id = await back.subscribe('m/rows', [], position);
		expect(back.kindsFor(id)).toEqual(['snapshot']);
		const held = Promise.withResolvers<void>();
		state.gate = held.promise;
		const late = await harness.connect();
		await late.subscribe('m/rows');
		state.value = 4;
		await invalidate(harness, 'rows');
		state.gate = null;
		held.resolve();
		await harness.clock.settle();
		expect(late.of('snapshot').at(-1)?.value).toEqual([{ id: 1, value: 4 }]);
	});

	it('concerns the streams of its path alone', async () => {
		const [one, other] = [slowLoad(), slowLoad()];
		const modules = { m: { one: live.stream('rows', one.load), other: live.stream('rows', other.load) } };
		const harness = await startServer(modules);
		const client = await harness.connect();
		await client.subscribe('m/one');
		await client.subscribe('m/other');
		await invalidate(harness, 'rows', 'm/one');
		expect([one.state.loads, other.state.loads]).toEqual([2, 1]);
		await harness.server.publisher.publish(['rows'], 'created', { id: 2 });
		await harness.clock.settle();
		expect(client.of('event').map(({ offset, event }) => [offset, event])).toEqual([
			[1, '%invalidate'],
			[2, 'created']
		]);
	});

	it('begins anew where its load fails: it must not be resumed', async () => {
		const { state, load } = slowLoad();
		const failing = { now: false };
		const stream = live.stream('rows', async () => {
			if (failing.now) throw new LiveError('UNAVAILABLE', 'no database');
			return load();
		});
		const harness = await startServer({ m: { rows: stream } });
		const client = await harness.connect();
		const id = await client.subscribe('m/rows');
		failing.now = true;
		await invalidate(harness, 'rows');
		expect(client.kindsFor(id)).toEqual(['snapshot', 'reset', 'error']);
		expect(state.loads).toBe(1);
	});

	it('is brought up to date by the same load when it falls behind meanwhile', async () => {
		const { state, harness, client, id } = await slowReader();
		const held = Promise.withResolvers<void>();
		state.gate = held.promise;
		await invalidate(harness, 'rows');
		await client.say(encodeCatchup(id, { epoch: 'e.0', offset: 0 }));
		expect(client.kindsFor(id)).toEqual(['snapshot']);
		held.resolve();
		await harness.clock.settle();
		expect(client.kindsFor(id)).toEqual(['snapshot', 'snapshot']);
	});

	it('is loaded by those who stay, where the loads hang of as many as may load at a time, who are gone', async () => {
		let hangs = false;
		const begun: string[] = [];
		const harness = await startServer({
			m: {
				rows: live.stream('rows', async (ctx) => {
					await Promise.resolve(); // looks late: the others wait for the first
					begun.push(ctx.user.id);
					return hangs && ctx.user.id !== 'user0' ? new Promise<unknown[]>(() => {}) : [];
				})
			}
		});
		const clients = [];
		for (let index = 0; index < 18; index++) {
			const client = await harness.connect({ user: { id: `user${index}` } });
			await client.subscribe('m/rows');
			clients.push(client);
		}
		hangs = true;
		begun.length = 0;
		await invalidate(harness, 'rows');
		expect(begun).toHaveLength(17);
		for (const client of clients.slice(0, 17)) await client.vanish();
		expect(begun).toContain('user17');
	});

	it('of an ephemeral topic is loaded anew, too', async () => {
		const { state, load } = slowLoad();
		const harness = await startServer({ m: { rows: live.stream('rows', load, { ephemeral: true }) } });
		const client = await harness.connect();
		await client.subscribe('m/rows');
		state.value = 5;
		await harness.server.publisher.invalidate(
			{ name: 'rows' as never, merge: { kind: 'crud', key: 'id', prepend: false, max: 0 }, ephemeral: true },
			null
		);
		await harness.clock.settle();
		expect(client.of('snapshot').map(({ value }) => value)).toEqual([[{ id: 1, value: 0 }], [{ id: 1, value: 5 }]]);
		expect(client.of('event')).toEqual([]);
	});

	it('shares its new rows where it is a view', async () => {
		const { state, load } = slowLoad();
		const stream = pipe(
			live.stream('rows', load),
			pipe.filter((_, { value }) => value >= 0)
		);
		const harness = await startServer({ m: { rows: stream } }, { backplane: memory({ epoch: 'e' }) });
		const clients = [await harness.connect(ada), await harness.connect(bob)];
		for (const client of clients) await client.subscribe('m/rows');
		state.value = 8;
		await invalidate(harness, 'rows', 'm/rows');
		expect(state.loads).toBe(2);
		for (const client of clients) {
			expect(client.of('event')).toMatchObject([{ offset: 1, event: 'set', data: [{ id: 1, value: 8 }] }]);
		}
	});
});

it('refuses to publish under a name that is reserved', async () => {
	const harness = await startServer();
	expect(() => harness.server.publisher.publish(['rows'], '%invalidate', null)).toThrow(TypeError);
});
