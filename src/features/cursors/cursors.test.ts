import * as v from 'valibot';
import { describe, expect, it } from 'vitest';
import { Processes, type TestProcess } from '../../../test/support/processes.ts';
import type { TestClient } from '../../testing/test-client.ts';
import type { TestStream } from '../../testing/test-stream.ts';
import { cursors } from './cursors.ts';

const ada = { id: 'ada' };
const bob = { id: 'bob' };

async function scene(count: number, pointing: object = cursors((_ctx, doc: string) => ['doc', doc])) {
	const processes = new Processes({ m: { pointing } });
	const all: TestProcess[] = [];
	for (let index = 0; index < count; index++) all.push(await processes.begin());
	async function read(process: TestProcess, user: object) {
		const client = process.connect(user);
		const stream = client.subscribe('m/pointing', 'd');
		await processes.advance(10);
		return { client, stream };
	}
	/** The code of a refusal; undefined where there was none. */
	async function move(client: TestClient, place: unknown): Promise<string | undefined> {
		const moved = client.call('m/pointing/move', 'd', place).then(
			() => undefined,
			(error: unknown) => (error as { code: string }).code
		);
		await processes.settle();
		return moved;
	}
	return { processes, all: all as [TestProcess, TestProcess], read, move };
}

const shown = (stream: TestStream<unknown>): string[] =>
	((stream.value ?? []) as { key: string; x: number }[]).map(({ key, x }) => `${key} ${x}`).toSorted();

describe('cursors', () => {
	it('are shown to everybody on every process, by the key of the server', async () => {
		const { all, read, move } = await scene(2);
		const { client } = await read(all[0], ada);
		const { stream } = await read(all[1], bob);
		await move(client, { x: 1, y: 2, key: 'bob' });
		expect(stream.value).toEqual([{ key: 'ada', x: 1, y: 2 }]);
	});

	it('move at once, then at most as often as told, and always to the last place', async () => {
		const { all, read, move, processes } = await scene(2);
		const { client } = await read(all[0], ada);
		const { stream } = await read(all[1], bob);
		for (let x = 1; x <= 9; x++) await move(client, { x, y: 0 });
		expect(stream.events.map(({ data }) => (data as { x: number }).x)).toEqual([1]);
		await processes.advance(50);
		expect(stream.events.map(({ data }) => (data as { x: number }).x)).toEqual([1, 9]);
		await processes.advance(1_000);
		expect(stream.events).toHaveLength(2);
	});

	it('are known to who comes later, on any process', async () => {
		const { all, read, move, processes } = await scene(2);
		const { client } = await read(all[0], ada);
		await move(client, { x: 1, y: 0 });
		await move(client, { x: 7, y: 0 });
		await processes.advance(100);
		const late = [await read(all[0], bob), await read(all[1], bob)];
		for (const { stream } of late) expect(shown(stream)).toEqual(['ada 7']);
	});

	it('go when they are taken away, with the stream, and with the connection', async () => {
		const { all, read, move, processes } = await scene(2);
		const { stream } = await read(all[1], bob);
		const goings: ((one: Awaited<ReturnType<typeof read>>) => unknown)[] = [
			({ client }) => move(client, null),
			({ stream: own }) => own.close(),
			({ client }) => client.disconnect()
		];
		for (const go of goings) {
			const one = await read(all[0], ada);
			await move(one.client, { x: 1, y: 0 });
			expect(shown(stream)).toEqual(['ada 1']);
			await go(one);
			await processes.advance(1_100);
			expect(shown(stream)).toEqual([]);
			one.client.close();
			await processes.advance(10);
		}
	});

	it('go with the connection that moves them without reading', async () => {
		const { all, read, move, processes } = await scene(1);
		const { stream } = await read(all[0], bob);
		const client = all[0].connect(ada);
		await move(client, { x: 1, y: 0 });
		expect(shown(stream)).toEqual(['ada 1']);
		client.disconnect();
		await processes.advance(10);
		expect(shown(stream)).toEqual([]);
	});

	it('do not come back by a throttle when they were taken away', async () => {
		const { all, read, move, processes } = await scene(1);
		const { client, stream } = await read(all[0], ada);
		await move(client, { x: 1, y: 0 });
		await move(client, { x: 2, y: 0 });
		await move(client, null);
		await processes.advance(1_000);
		expect(shown(stream)).toEqual([]);
	});

	it('go with a process that is killed, within ten seconds', async () => {
		const { all, read, move, processes } = await scene(2);
		const { client } = await read(all[0], ada);
		const { stream } = await read(all[1], bob);
		await move(client, { x: 1, y: 0 });
		await all[0].kill();
		await processes.advance(10_000);
		expect(shown(stream)).toEqual([]);
	});

	it('are the same everywhere again when messages between processes were lost', async () => {
		const { all, read, move, processes } = await scene(2);
		const { client } = await read(all[0], ada);
		const other = await read(all[0], { id: 'cy' });
		const { stream } = await read(all[1], bob);
		await move(client, { x: 1, y: 0 });
		processes.faults.lose = 1;
		await move(other.client, { x: 5, y: 0 });
		await move(client, null);
		await processes.advance(100);
		expect(shown(stream)).toEqual(['ada 1']);
		processes.faults.lose = 0;
		await processes.advance(31_000);
		expect(shown(stream)).toEqual(['cy 5']);
	});

	it('are forgotten where the only process that knew of them lost its last one unheard', async () => {
		const { all, read, move, processes } = await scene(2);
		const { client } = await read(all[0], ada);
		const { stream } = await read(all[1], bob);
		await move(client, { x: 1, y: 0 });
		processes.faults.lose = 1;
		client.close();
		await processes.advance(70_000); // nobody on that process listens any more
		processes.faults.lose = 0;
		await processes.advance(35_000);
		expect(shown(stream)).toEqual([]);
	});

	it('show what the server says of their users, and are where a schema says that they may be', async () => {
		const pointing = cursors((_ctx, doc: string) => ['doc', doc], {
			data: (ctx) => ({ name: (ctx.user as { id: string }).id }),
			place: v.looseObject({ line: v.number() })
		});
		const { all, read, move } = await scene(1, pointing);
		const { client, stream } = await read(all[0], ada);
		expect(await move(client, { line: 'five' })).toBe('VALIDATION');
		await move(client, { line: 5, name: 'Bob', key: 'bob' });
		expect(stream.value).toEqual([{ key: 'ada', line: 5, name: 'ada' }]);
	});

	it('are refused where a place is none, or has more bytes than the limit', async () => {
		const pointing = cursors((_ctx, doc: string) => ['doc', doc], { place: v.looseObject({}), maxBytes: 64 });
		const { all, read, move } = await scene(1, pointing);
		const { client, stream } = await read(all[0], ada);
		expect(await move(client, { text: 'x'.repeat(64) })).toBe('TOO_LARGE');
		const plain = await scene(1);
		const { client: other } = await plain.read(plain.all[0], ada);
		for (const place of [{ x: 1 }, { x: '1', y: 2 }, 'here', undefined]) {
			expect(await plain.move(other, place)).toBe('VALIDATION');
		}
		expect(shown(stream)).toEqual([]);
	});
});
