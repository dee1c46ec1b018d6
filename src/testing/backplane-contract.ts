// What the server core relies on in every backplane, as tests against the real thing. A backplane passes when every test
// resolves.

import assert from 'node:assert/strict';
import type { Position } from '../protocol/position.ts';
import { encodeEventBody } from '../protocol/stream.ts';
import { encodeTopic, type TopicName } from '../protocol/topic.ts';
import type { Backplane, Delivery } from '../server/backplane.ts';
import { processesContract, type MakePeer } from './backplane-processes-contract.ts';
import type { ContractTest } from './transport-contract.ts';

export interface BackplaneHarness {
	/** A new backplane on an empty store, not started. */
	create: () => Promise<Backplane>;
	/**
	 * The backplane of a process that starts after the one of `create` ended, on the same store; absent where nothing
	 * survives a process.
	 */
	reopen?: () => Promise<Backplane>;
	/** The backplane of one more process, on the store of the last `create`; absent where a store is for one process. */
	peer?: MakePeer;
	/** The most events of a topic that the harness's backplanes keep; at least 8. */
	history: number;
	/** Releases what the others made. */
	dispose: () => Promise<void>;
}

/** A started backplane, and what it delivered. */
interface Bench {
	backplane: Backplane;
	delivered: Delivery[];
	append: (topic: TopicName, data: unknown) => Promise<Position>;
	/** What follows a position; fails where nothing can. */
	after: (topic: TopicName, position: Position) => Promise<{ offset: number; body: string }[]>;
	reset: (topic: TopicName, position: Position) => Promise<string>;
}

const TOPIC = encodeTopic(['board', 'one']);
const OTHER = encodeTopic(['board', 'two']);
const body = (data: unknown): string => encodeEventBody('created', data);

async function start(backplane: Backplane): Promise<Bench> {
	const delivered: Delivery[] = [];
	await backplane.start((delivery) => delivered.push(delivery));
	return {
		backplane,
		delivered,
		append: async (topic, data) => backplane.append(topic, body(data)),
		after: async (topic, position) => {
			const result = await backplane.read(topic, position);
			assert.equal(result.kind, 'events', `reading behind ${JSON.stringify(position)}`);
			return result.kind === 'events' ? result.entries : [];
		},
		reset: async (topic, position) => {
			const result = await backplane.read(topic, position);
			return result.kind === 'reset' ? result.reason : 'events';
		}
	};
}

export function backplaneContract(harness: BackplaneHarness): ContractTest[] {
	const test = (title: string, run: (bench: Bench) => Promise<void>): ContractTest => ({
		title,
		run: async () => {
			const bench = await start(await harness.create());
			try {
				await run(bench);
			} finally {
				await bench.backplane.stop();
				await harness.dispose();
			}
		}
	});
	const tests = [...orderTests(test), ...deliveryTests(test), ...historyTests(test, harness)];
	const { reopen, peer } = harness;
	if (reopen) tests.push(...restartTests(test, reopen));
	if (peer) tests.push(...processTests(harness, peer));
	return tests;
}

/** They start the first process themselves, and watch what it delivers. */
function processTests({ create, dispose }: BackplaneHarness, makePeer: MakePeer): ContractTest[] {
	const test = (title: string, run: (one: Backplane) => Promise<void>): ContractTest => ({
		title,
		run: async () => {
			const one = await create();
			try {
				await run(one);
			} finally {
				await one.stop();
				await dispose();
			}
		}
	});
	return processesContract(test, makePeer);
}

type Define = (title: string, run: (bench: Bench) => Promise<void>) => ContractTest;

function orderTests(test: Define): ContractTest[] {
	return [
		test('the offset of a topic grows by one per event, from one', async ({ append }) => {
			const positions = [await append(TOPIC, 1), await append(TOPIC, 2), await append(TOPIC, 3)];
			assert.deepEqual(
				positions.map(({ offset }) => offset),
				[1, 2, 3]
			);
			assert.equal(new Set(positions.map(({ epoch }) => epoch)).size, 1);
		}),
		test('topics count for themselves', async ({ append }) => {
			await append(TOPIC, 1);
			assert.equal((await append(OTHER, 1)).offset, 1);
		}),
		test('events appended at the same time get contiguous offsets, and the log has them in that order', async (bench) => {
			const start = await bench.backplane.subscribe(TOPIC);
			const appended = await Promise.all([1, 2, 3, 4, 5].map((data) => bench.append(TOPIC, data)));
			assert.deepEqual(
				appended.map(({ offset }) => offset).toSorted((one, other) => one - other),
				[1, 2, 3, 4, 5]
			);
			const entries = await bench.after(TOPIC, start);
			for (const [index, { offset }] of appended.entries()) {
				assert.equal(entries.find((entry) => entry.offset === offset)?.body, body(index + 1));
			}
		}),
		test('the head is the position of the last event', async ({ backplane, append }) => {
			assert.equal((await backplane.head(TOPIC)).offset, 0);
			const position = await append(TOPIC, 1);
			assert.deepEqual(await backplane.head(TOPIC), position);
		})
	];
}

function deliveryTests(test: Define): ContractTest[] {
	return [
		test('a subscribed topic is delivered before append resolves, with its position', async ({
			backplane,
			append,
			delivered
		}) => {
			await backplane.subscribe(TOPIC);
			const position = await append(TOPIC, { title: 'é – "quoted"\n' });
			assert.deepEqual(delivered, [
				{ topic: TOPIC, ...position, body: body({ title: 'é – "quoted"\n' }), conflationKey: null }
			]);
		}),
		test('subscribe returns the head behind which everything is delivered', async ({
			backplane,
			append,
			delivered
		}) => {
			await append(TOPIC, 1);
			const head = await backplane.subscribe(TOPIC);
			assert.equal(head.offset, 1);
			await append(TOPIC, 2);
			assert.deepEqual(
				delivered.map(({ offset }) => offset),
				[2]
			);
		}),
		test('a topic that is not subscribed is not delivered', async ({ backplane, append, delivered }) => {
			await backplane.subscribe(OTHER);
			await append(TOPIC, 1);
			assert.deepEqual(delivered, []);
		}),
		test('nothing is delivered after unsubscribe', async ({ backplane, append, delivered }) => {
			await backplane.subscribe(TOPIC);
			backplane.unsubscribe(TOPIC);
			await append(TOPIC, 1);
			assert.deepEqual(delivered, []);
		}),
		test('a broadcast is delivered without a position and kept nowhere', async ({ backplane, delivered }) => {
			const head = await backplane.subscribe(TOPIC);
			await backplane.broadcast(TOPIC, body(1), 'ada');
			assert.deepEqual(delivered, [{ topic: TOPIC, epoch: '', offset: 0, body: body(1), conflationKey: 'ada' }]);
			assert.deepEqual(await backplane.head(TOPIC), head);
		})
	];
}

function historyTests(test: Define, { history }: BackplaneHarness): ContractTest[] {
	return [
		test('reading behind a position gives exactly what follows it, in order', async ({ append, after }) => {
			const first = await append(TOPIC, 1);
			await append(TOPIC, 2);
			const last = await append(TOPIC, 3);
			assert.deepEqual(await after(TOPIC, first), [
				{ offset: 2, body: body(2) },
				{ offset: 3, body: body(3) }
			]);
			assert.deepEqual(await after(TOPIC, last), []);
		}),
		test('a topic without events can be read from its head', async ({ backplane, after }) => {
			assert.deepEqual(await after(TOPIC, await backplane.head(TOPIC)), []);
		}),
		test('a position of another epoch is answered with reset', async ({ append, reset }) => {
			const { offset } = await append(TOPIC, 1);
			assert.equal(await reset(TOPIC, { epoch: 'another', offset }), 'epoch');
		}),
		test('a position above the head is answered with reset', async ({ append, reset }) => {
			const { epoch, offset } = await append(TOPIC, 1);
			assert.equal(await reset(TOPIC, { epoch, offset: offset + 1 }), 'epoch');
		}),
		test('a position below the oldest event that is kept is answered with reset', async ({
			append,
			after,
			reset
		}) => {
			const first = await append(TOPIC, 0);
			let last = first;
			// Some backplanes trim in steps: far enough beyond the bound, the first one is gone everywhere.
			for (let index = 0; index < history + 600; index++) last = await append(TOPIC, index);
			assert.equal(await reset(TOPIC, first), 'evicted');
			const recent = { epoch: last.epoch, offset: last.offset - history + 1 };
			assert.equal((await after(TOPIC, recent)).length, history - 1);
		}),
		test('events keep their text to the letter', async ({ backplane, append, after }) => {
			const head = await backplane.head(TOPIC);
			const data = { text: '\u0000 \u2028 \ud83d\ude00 <>&\\', list: [1.5, null, true], nested: { empty: {} } };
			await append(TOPIC, data);
			assert.deepEqual(await after(TOPIC, head), [{ offset: 1, body: body(data) }]);
		})
	];
}

function restartTests(test: Define, reopen: () => Promise<Backplane>): ContractTest[] {
	return [
		test('a position from before a restart is followed by what came after it', async ({ backplane, append }) => {
			const first = await append(TOPIC, 1);
			await append(TOPIC, 2);
			await backplane.stop();
			const next = await start(await reopen());
			await next.append(TOPIC, 3);
			assert.deepEqual(await next.after(TOPIC, first), [
				{ offset: 2, body: body(2) },
				{ offset: 3, body: body(3) }
			]);
			await next.backplane.stop();
		}),
		test('offsets go on after a restart', async ({ backplane, append }) => {
			await append(TOPIC, 1);
			await backplane.stop();
			const next = await start(await reopen());
			assert.equal((await next.append(TOPIC, 2)).offset, 2);
			await next.backplane.stop();
		})
	];
}
