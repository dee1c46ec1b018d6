import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { link, type Link } from '../../../test/support/linked-channels.ts';
import { encodeTopic } from '../../protocol/topic.ts';
import type { Delivery } from '../../server/backplane.ts';
import { VirtualClock } from '../../testing/virtual-clock.ts';
import { CLUSTER_VERSION, type LogSettings } from './messages.ts';
import { Primary } from './primary.ts';
import { WorkerBackplane } from './worker-backplane.ts';

const topic = encodeTopic('chat');
const other = encodeTopic('other');
const inMemory: LogSettings = { recipe: { kind: 'memory', args: [{ epoch: 'e' }] }, afterCrash: 'resume' };
let clock: VirtualClock;
let primary: Primary;
let errors: unknown[];

beforeEach(() => {
	clock = new VirtualClock();
	errors = [];
	primary = new Primary({ onError: (error) => errors.push(error), clock, backlogCharacters: 100 });
});
afterEach(async () => {
	await primary.stop();
	if (errors.length > 0) throw new AggregateError(errors, 'the primary failed');
});

interface TestWorker {
	backplane: WorkerBackplane;
	delivered: Delivery[];
	channel: Link;
}

/** Lets everything happen that needs no time, until a promise is settled. */
async function settled<Value>(promise: Promise<Value>): Promise<Value> {
	const state = { settled: false };
	const settle = (): void => void (state.settled = true);
	promise.then(settle, settle);
	while (!state.settled) {
		await clock.settle();
		// A history is loaded as a module, for which the runtime needs passes of its own.
		await new Promise((resolve) => setImmediate(resolve));
	}
	await clock.settle();
	return promise;
}

async function worker(settings = inMemory): Promise<TestWorker> {
	const channel = link(clock);
	const delivered: Delivery[] = [];
	const backplane = new WorkerBackplane({ channel: channel.worker, clock, settings, waitingCharacters: 10_000 });
	primary.attach(channel.primary);
	await settled(backplane.start((delivery) => delivered.push(delivery)));
	return { backplane, delivered, channel };
}

describe('a worker is refused', () => {
	it('when its app was built with another version', async () => {
		const channel = link(clock);
		primary.attach(channel.primary);
		channel.worker.send([['hello', 1, CLUSTER_VERSION + 1, inMemory]], () => {});
		await clock.settle();
		expect(channel.primary.sent).toEqual([
			[['failed', 1, 'UNAVAILABLE', expect.stringContaining('build it again') as string]]
		]);
	});

	it('when it asks for another history than those before it', async () => {
		await worker();
		const another = { ...inMemory, recipe: { kind: 'memory', args: [{ events: 5 }] } };
		await expect(worker(another)).rejects.toThrow(/history is {"kind":"memory".* asks for .*"events":5/);
	});

	it('when its history cannot be opened, and the next one may try again', async () => {
		const nowhere = { ...inMemory, recipe: { kind: 'sqlite', args: ['/dev/null/live.db', {}] } };
		await expect(worker(nowhere)).rejects.toMatchObject({ code: 'UNAVAILABLE' });
		const { backplane } = await worker();
		expect(await settled(backplane.append(topic, '"a",1'))).toEqual({ epoch: 'e.0', offset: 1 });
	});

	it('when it asks for a history that is unknown', async () => {
		const unknown = { ...inMemory, recipe: { kind: 'stone', args: [] } };
		await expect(worker(unknown)).rejects.toThrow('knows no history "stone"');
	});
});

describe('a history that takes its time', () => {
	it('is delivered to each worker in its order, with the own events in their places', async () => {
		const inFile: LogSettings = { ...inMemory, recipe: { kind: 'sqlite', args: [':memory:', {}] } };
		const workers = [await worker(inFile), await worker(inFile)];
		for (const { backplane } of workers) await settled(backplane.subscribe(topic));
		const appends = [1, 2, 3].flatMap((data) =>
			workers.map(({ backplane }) => backplane.append(topic, `"a",${data}`))
		);
		await settled(Promise.all(appends));
		const offsets = workers.map(({ delivered }) => delivered.map(({ offset }) => offset));
		expect(offsets).toEqual([
			[1, 2, 3, 4, 5, 6],
			[1, 2, 3, 4, 5, 6]
		]);
	});
});

describe('a worker that does not read', () => {
	it('is told of the last event of each topic when it reads again, and can read the rest', async () => {
		const [slow, fast] = [await worker(), await worker()];
		const start = await settled(slow.backplane.subscribe(topic));
		await settled(slow.backplane.subscribe(other));
		slow.channel.primary.flow(false);
		for (let index = 1; index <= 50; index++) await settled(fast.backplane.append(topic, `"a",${index}`));
		await settled(fast.backplane.append(other, '"b",1'));
		expect(slow.channel.primary.sent.flat().filter(([kind]) => kind === 'event').length).toBeLessThan(25);
		slow.channel.primary.flow(true);
		await clock.settle();
		const last = slow.delivered.filter((delivery) => delivery.topic === topic).at(-1);
		expect(last).toMatchObject({ offset: 50, body: '"a",50' });
		expect(slow.delivered.at(-1)).toMatchObject({ topic: other, offset: 1 });
		const missed = await settled(slow.backplane.read(topic, start));
		expect(missed.kind === 'events' && missed.entries.length).toBe(50);
	});

	it('misses broadcasts, and is not told of them later', async () => {
		const [slow, fast] = [await worker(), await worker()];
		await settled(slow.backplane.subscribe(topic));
		slow.channel.primary.flow(false);
		for (let index = 0; index < 50; index++) await settled(fast.backplane.broadcast(topic, `"a",${index}`, null));
		slow.channel.primary.flow(true);
		await clock.settle();
		expect(slow.delivered.length).toBeGreaterThan(0);
		expect(slow.delivered.length).toBeLessThan(25);
	});
});

describe('a worker that ends', () => {
	it('is sent nothing any more', async () => {
		const [one, two] = [await worker(), await worker()];
		await settled(one.backplane.subscribe(topic));
		one.channel.workerEnds();
		const sent = one.channel.primary.sent.length;
		await settled(two.backplane.append(topic, '"a",1'));
		expect(one.channel.primary.sent.length).toBe(sent);
	});

	it('leaves the history as it is when it has left before', async () => {
		const settings: LogSettings = { ...inMemory, afterCrash: 'reload' };
		const [one, two] = [await worker(settings), await worker(settings)];
		const head = await settled(two.backplane.head(topic));
		await settled(one.backplane.stop());
		one.channel.workerEnds();
		expect(await settled(two.backplane.head(topic))).toEqual(head);
	});

	it('makes a new history when it may have stored what it did not publish, where that is asked for', async () => {
		const settings: LogSettings = { recipe: { kind: 'memory', args: [{}] }, afterCrash: 'reload' };
		const [one, two] = [await worker(settings), await worker(settings)];
		const head = await settled(two.backplane.subscribe(topic));
		await settled(one.backplane.stop(false));
		const position = await settled(two.backplane.append(topic, '"a",1'));
		expect(position.epoch).not.toBe(head.epoch);
		expect(two.delivered).toMatchObject([{ offset: 1, epoch: position.epoch }]);
	});
});
