import * as v from 'valibot';
import { describe, expect, it } from 'vitest';
import { Processes, type TestProcess } from '../../../test/support/processes.ts';
import type { TestStream } from '../../testing/test-stream.ts';
import { presence, type PresenceOptions } from './presence.ts';

const codeOf = (error: unknown): unknown => (error as { code: string }).code;
const told: string[] = [];
type Options = Pick<PresenceOptions<[room: string], object, unknown>, 'key' | 'access'>;
const here = (options: Options = {}) =>
	presence(
		(_ctx, room: string) => ['room', room],
		(ctx) => ({ name: (ctx.user as { id?: string } | null)?.id ?? 'somebody', typing: false }),
		{
			update: v.object({ typing: v.boolean() }),
			onJoin: (_ctx, { key }, room) => void told.push(`${key} joined ${room}`),
			onLeave: (_ctx, { key }, room) => void told.push(`${key} left ${room}`),
			...options
		}
	);

const ada = { id: 'ada' };
const bob = { id: 'bob' };
const keys = (stream: TestStream<unknown>): string[] =>
	((stream.value ?? []) as { key: string }[]).map(({ key }) => key).toSorted();
const eventsOf = (stream: TestStream<unknown>): string[] =>
	stream.events.map(({ event, data }) => `${event} ${(data as { key: string }).key}`);

async function scene(count: number, options?: Parameters<typeof here>[0]) {
	told.length = 0;
	const processes = new Processes({ m: { here: here(options) } });
	const all: TestProcess[] = [];
	for (let index = 0; index < count; index++) all.push(await processes.begin());
	async function read(process: TestProcess, user: object | null) {
		const client = process.connect(user);
		const stream = client.subscribe('m/here', 'r');
		await processes.advance(10);
		return { client, stream };
	}
	return { processes, all: all as [TestProcess, TestProcess, TestProcess], read };
}

describe('who is present', () => {
	it('is whoever reads the list, on every process, with what the server says of them', async () => {
		const { all, read } = await scene(2);
		const one = await read(all[0], ada);
		const other = await read(all[1], bob);
		for (const { stream } of [one, other]) expect(keys(stream)).toEqual(['ada', 'bob']);
		expect(other.stream.value).toContainEqual({ key: 'ada', name: 'ada', typing: false });
		expect(told).toEqual(['ada joined r', 'bob joined r']);
	});

	it('is told by differences: the list is sent once', async () => {
		const { all, read } = await scene(2);
		const { stream } = await read(all[0], ada);
		await read(all[1], bob);
		expect(eventsOf(stream)).toEqual(['join ada', 'join bob']);
		expect(stream.resets).toEqual([]);
	});

	it('is gone within a second of leaving', async () => {
		const { all, read, processes } = await scene(2);
		const one = await read(all[0], ada);
		const { stream } = await read(all[1], bob);
		one.stream.close();
		await processes.advance(1_500); // the client lets go of a stream after a second
		expect(keys(stream)).toEqual(['bob']);
		expect(told).toContain('ada left r');
	});

	it('is one entry, whatever the number of tabs, until the last one on any process is gone', async () => {
		const { all, read, processes } = await scene(2);
		const { stream } = await read(all[0], bob);
		const tabs = [await read(all[0], ada), await read(all[0], ada), await read(all[1], ada)];
		expect(keys(stream)).toEqual(['ada', 'bob']);
		for (const tab of tabs) {
			expect(keys(stream)).toEqual(['ada', 'bob']);
			tab.stream.close();
			await processes.advance(1_500);
		}
		expect(keys(stream)).toEqual(['bob']);
		expect(eventsOf(stream)).toEqual(['join bob', 'join ada', 'leave ada']);
		expect(told.filter((line) => line.startsWith('ada'))).toEqual(['ada joined r', 'ada left r']);
	});

	it.each(['the same process', 'another process'])(
		'does not flicker when it is back within 5 s on %s',
		async (where) => {
			const { all, read, processes } = await scene(2);
			const { stream } = await read(all[0], bob);
			const lost = await read(all[0], ada);
			const before = stream.events.length;
			lost.client.disconnect();
			await processes.advance(4_900);
			await read(where === 'the same process' ? all[0] : all[1], ada);
			await processes.advance(60_000);
			expect(eventsOf(stream).slice(before)).toEqual([]);
			expect(keys(stream)).toEqual(['ada', 'bob']);
			expect(told).not.toContain('ada left r');
		}
	);

	it('is gone at once when it has come back and then leaves', async () => {
		const { all, read, processes } = await scene(1);
		const { stream } = await read(all[0], bob);
		const lost = await read(all[0], ada);
		lost.client.disconnect();
		await processes.advance(100);
		const back = await read(all[0], ada);
		back.stream.close();
		await processes.advance(1_100);
		expect(keys(stream)).toEqual(['bob']);
	});

	it('is gone when a lost connection does not come back', async () => {
		const { all, read, processes } = await scene(2);
		const { stream } = await read(all[1], bob);
		const lost = await read(all[0], ada);
		lost.client.disconnect();
		await processes.advance(4_900);
		expect(keys(stream)).toEqual(['ada', 'bob']);
		await processes.advance(200);
		expect(keys(stream)).toEqual(['bob']);
	});

	it('is gone ten seconds after its process was killed, and one of the others tells of it', async () => {
		const { all, read, processes } = await scene(3);
		const survivors = [await read(all[0], bob), await read(all[1], { id: 'cy' })];
		await read(all[2], ada);
		await processes.advance(3_000);
		await all[2].kill();
		await processes.advance(10_000);
		for (const { stream } of survivors) expect(keys(stream)).toEqual(['bob', 'cy']);
		expect(told.filter((line) => line === 'ada left r')).toHaveLength(1);
		const late = await read(all[0], { id: 'dan' });
		expect(keys(late.stream)).toEqual(['bob', 'cy', 'dan']);
	});

	it('is gone ten seconds after its process was killed that had just started', async () => {
		const { all, read, processes } = await scene(1);
		const { stream } = await read(all[0], bob);
		const young = await processes.begin();
		await read(young, ada);
		expect(keys(stream)).toEqual(['ada', 'bob']);
		await young.kill();
		await processes.advance(10_000);
		expect(keys(stream)).toEqual(['bob']);
	});

	it('stays where somebody whose process was killed is back elsewhere in time', async () => {
		const { all, read, processes } = await scene(2);
		const { stream } = await read(all[0], bob);
		await read(all[1], ada);
		await processes.advance(3_000);
		const before = stream.events.length;
		await all[1].kill();
		await processes.advance(4_000);
		await read(all[0], ada);
		await processes.advance(60_000);
		expect(eventsOf(stream).slice(before)).toEqual([]);
		expect(keys(stream)).toEqual(['ada', 'bob']);
	});

	it('does not flicker when its process ends in order and it is back elsewhere within 5 s', async () => {
		const { all, read, processes } = await scene(2);
		const { stream } = await read(all[0], bob);
		await read(all[1], ada);
		await processes.advance(3_000);
		const before = stream.events.length;
		await all[1].stop();
		await processes.advance(4_500);
		await read(all[0], ada);
		await processes.advance(60_000);
		expect(eventsOf(stream).slice(before)).toEqual([]);
		expect(keys(stream)).toEqual(['ada', 'bob']);
	});

	it.each(Array.from({ length: 20 }, (_, index) => 10 * index))(
		'does not flicker when its process ends in order %i ms after it came back',
		async (afterMs) => {
			const { all, read, processes } = await scene(3);
			const { stream } = await read(all[0], bob);
			const lost = await read(all[1], ada);
			processes.faults.maxDelayMs = 50;
			lost.client.disconnect();
			await processes.advance(4_000);
			const back = all[2].connect(ada).subscribe('m/here', 'r');
			while (back.value === undefined) await processes.advance(1);
			await processes.advance(afterMs);
			const before = stream.events.length;
			await Promise.all([all[2].stop(), processes.advance(4_500)]);
			expect(eventsOf(stream).slice(before)).toEqual([]);
			expect(keys(stream)).toEqual(['ada', 'bob']);
		}
	);

	it('does not flicker for whoever begins to read while its process ends in order', async () => {
		for (let afterMs = 0; afterMs < 200; afterMs += 10) {
			const { all, read, processes } = await scene(2);
			await read(all[1], ada);
			processes.faults.maxDelayMs = 50;
			const stopped = all[1].stop();
			await processes.advance(afterMs);
			const stream = all[0].connect(bob).subscribe('m/here', 'r');
			await Promise.all([stopped, processes.advance(4_500)]);
			expect(keys(stream), `after ${afterMs} ms`).toEqual(['ada', 'bob']);
			expect(eventsOf(stream), `after ${afterMs} ms`).not.toContain('leave ada');
			await processes.advance(2_500);
			expect(keys(stream)).toEqual(['bob']);
		}
	});

	it('is gone when its process ends in order and it does not come back', async () => {
		const { all, read, processes } = await scene(2);
		const { stream } = await read(all[0], bob);
		await read(all[1], ada);
		await all[1].stop();
		await processes.advance(5_200);
		expect(keys(stream)).toEqual(['bob']);
		expect(told).toContain('ada left r');
	});

	it('is the same for everybody again when messages between processes were lost', async () => {
		const { all, read, processes } = await scene(2);
		const { stream } = await read(all[0], bob);
		const gone = await read(all[1], { id: 'cy' });
		processes.faults.lose = 1;
		await read(all[1], ada);
		gone.stream.close();
		await processes.advance(1_500);
		expect(keys(stream)).toEqual(['bob', 'cy']);
		processes.faults.lose = 0;
		await read(all[1], { id: 'dan' }); // the next message tells that some are missing
		expect(keys(stream)).toEqual(['ada', 'bob', 'dan']);
	});

	it('is the same for everybody again when nothing follows what was lost', async () => {
		const { all, read, processes } = await scene(2);
		const { stream } = await read(all[0], bob);
		processes.faults.lose = 1;
		await read(all[1], ada);
		processes.faults.lose = 0;
		await processes.advance(31_000);
		expect(keys(stream)).toEqual(['ada', 'bob']);
	});
});

describe('the key of somebody who is present', () => {
	it('is that of the server, whatever the client and the data say', async () => {
		const forged = { key: 'bob', name: 'Eve', typing: false };
		const claims = presence('all', () => forged, { update: v.looseObject({}) as never });
		const processes = new Processes({ m: { claims } });
		const process = await processes.begin();
		const honest = process.connect(bob).subscribe('m/claims');
		const eve = process.connect({ id: 'eve' });
		eve.subscribe('m/claims');
		await processes.advance(10);
		await Promise.all([eve.call('m/claims/update', { key: 'bob', name: 'Bob' }), processes.advance(10)]);
		expect(honest.value).toEqual([
			{ key: 'bob', name: 'Eve', typing: false },
			{ key: 'eve', name: 'Bob', typing: false }
		]);
	});

	it('tells visitors apart by their connections, and no user from a visitor', async () => {
		const { all, read } = await scene(1);
		const { stream } = await read(all[0], null);
		await read(all[0], null);
		const [visitor] = keys(stream);
		await read(all[0], { id: visitor });
		expect(keys(stream)).toHaveLength(3);
		expect(keys(stream)).toContain(`~${visitor}`);
	});

	it('is the one that the author makes of the context', async () => {
		const { all, read } = await scene(1, { key: (ctx) => ctx.connection.id });
		const { stream } = await read(all[0], ada);
		await read(all[0], ada);
		expect(keys(stream)).toHaveLength(2);
	});
});

describe('what is shown of somebody', () => {
	it('changes with what the server makes of their change', async () => {
		const { all, read, processes } = await scene(2);
		const { client } = await read(all[0], ada);
		const { stream } = await read(all[1], bob);
		await Promise.all([client.call('m/here/update', 'r', { typing: true }), processes.advance(10)]);
		expect(stream.value).toContainEqual({ key: 'ada', name: 'ada', typing: true });
		expect(eventsOf(stream).slice(-2)).toEqual(['join bob', 'join ada']);
	});

	it('is that of the tab that changed it last, and without that tab that of the one before', async () => {
		const { all, read, processes } = await scene(2);
		const { stream } = await read(all[0], bob);
		const typing = await read(all[0], ada);
		const other = await read(all[1], ada);
		await Promise.all([typing.client.call('m/here/update', 'r', { typing: true }), processes.advance(10)]);
		expect(stream.value).toContainEqual({ key: 'ada', name: 'ada', typing: true });
		typing.stream.close();
		await processes.advance(1_500);
		expect(stream.value).toContainEqual({ key: 'ada', name: 'ada', typing: false });
		expect(other.stream.value).toEqual(stream.value);
	});

	it('is refused where it is not what the schema says, or the caller is not there', async () => {
		const { all, read, processes } = await scene(1);
		const { client } = await read(all[0], ada);
		const outside = all[0].connect(bob);
		const refusals = [
			client.call('m/here/update', 'r', { typing: 'yes' }),
			outside.call('m/here/update', 'r', { typing: true }),
			client.call('m/here/update', 'another room', { typing: true })
		].map((call) => call.catch(codeOf));
		await processes.advance(10);
		expect(await Promise.all(refusals)).toEqual(['VALIDATION', 'CONFLICT', 'CONFLICT']);
	});

	it('has at most 4 KiB: more refuses the stream by the name of the limit', async () => {
		const large = presence('all', () => ({ text: 'ä'.repeat(2_048) }));
		const processes = new Processes({ m: { large } });
		const stream = (await processes.begin()).connect(ada).subscribe('m/large');
		await processes.advance(10);
		expect(stream.error).toMatchObject({
			code: 'TOO_LARGE',
			message: expect.stringContaining('"maxBytes" is 4096')
		});
	});

	it('is nothing where there is no data: who only looks is not there', async () => {
		const shy = presence('all', (ctx) => ((ctx.user as { id: string }).id === 'bob' ? null : { shown: true }));
		const processes = new Processes({ m: { shy } });
		const process = await processes.begin();
		const stream = process.connect(bob).subscribe('m/shy');
		process.connect(ada).subscribe('m/shy');
		await processes.advance(10);
		expect(stream.value).toEqual([{ key: 'ada', shown: true }]);
	});
});

describe('a list of who is present', () => {
	it('is given to whoever may read only, and has nobody else in it', async () => {
		const { all, read, processes } = await scene(1, { access: (ctx) => (ctx.user as { id: string }).id !== 'eve' });
		const { stream } = await read(all[0], ada);
		const { client, stream: refused } = await read(all[0], { id: 'eve' });
		expect(refused.error?.code).toBe('FORBIDDEN');
		const update = client.call('m/here/update', 'r', { typing: true }).catch(codeOf);
		await processes.advance(10);
		expect(await update).toBe('FORBIDDEN');
		expect(keys(stream)).toEqual(['ada']);
	});

	it('can be asked for on the server, which is in nobody`s way', async () => {
		const list = here();
		const processes = new Processes({ m: { here: list } });
		const [one, two] = [await processes.begin(), await processes.begin()];
		one.connect(ada).subscribe('m/here', 'r');
		await processes.advance(10);
		const asked = two.run(() => list.list('r'));
		await processes.advance(10);
		expect(await asked).toEqual([{ key: 'ada', name: 'ada', typing: false }]);
	});

	it('takes up nothing when nobody has used it for a while', async () => {
		const { all, read, processes } = await scene(1);
		const { stream, client } = await read(all[0], ada);
		stream.close();
		client.close();
		await processes.advance(120_000);
		expect(all[0].server.topicCount).toBe(0);
		expect(processes.clock.pending).toBeLessThan(8);
	});
});
