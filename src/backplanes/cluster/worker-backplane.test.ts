import { beforeEach, describe, expect, it } from 'vitest';
import { link, type Link } from '../../../test/support/linked-channels.ts';
import { encodeTopic } from '../../protocol/topic.ts';
import type { Delivery } from '../../server/backplane.ts';
import { VirtualClock } from '../../testing/virtual-clock.ts';
import { CLUSTER_VERSION, type Up } from './messages.ts';
import { WorkerBackplane } from './worker-backplane.ts';

const topic = encodeTopic('chat');
const settings = { recipe: { kind: 'memory', args: [] }, afterCrash: 'resume' } as const;
let clock: VirtualClock;
let channel: Link;
let backplane: WorkerBackplane;
let delivered: Delivery[];

/** A backplane that the primary has welcomed. The test speaks for the primary. */
beforeEach(async () => {
	clock = new VirtualClock();
	channel = link(clock);
	delivered = [];
	backplane = new WorkerBackplane({ channel: channel.worker, clock, settings, waitingCharacters: 20 });
	const started = backplane.start((delivery) => delivered.push(delivery));
	await clock.settle();
	channel.primary.send([['done', 1]], () => {});
	await clock.settle();
	await started;
});

const lastBatch = (): Up[] | undefined => channel.worker.sent.at(-1);

/** Subscribes at the head of an empty log. */
async function subscribe(): Promise<void> {
	const subscribed = backplane.subscribe(topic);
	await clock.settle();
	channel.primary.send([['position', 2, 'e', 0]], () => {});
	await clock.settle();
	await subscribed;
}

describe('what a worker asks', () => {
	it('begins with its version and the history of its app', () => {
		expect(channel.worker.sent).toEqual([[['hello', 1, CLUSTER_VERSION, settings]]]);
	});

	it('leaves in one message per pass of the event loop', async () => {
		const before = channel.worker.sent.length;
		backplane.append(topic, '"a",1').catch(() => {});
		backplane.append(topic, '"b",2').catch(() => {});
		backplane.unsubscribe(topic);
		await clock.settle();
		expect(channel.worker.sent.slice(before)).toEqual([
			[
				['append', 2, topic, '"a",1'],
				['append', 3, topic, '"b",2'],
				['unsubscribe', topic]
			]
		]);
	});

	it('is refused when too many characters wait for the primary, and no longer when they were answered', async () => {
		const body = `"a","${'x'.repeat(10)}"`;
		const first = backplane.append(topic, body);
		await expect(backplane.append(topic, body)).rejects.toMatchObject({
			code: 'UNAVAILABLE',
			message: expect.stringContaining('"waitingCharacters"') as string
		});
		channel.primary.send([['position', 2, 'e', 1]], () => {});
		await clock.settle();
		await first;
		void backplane.append(topic, body);
		await clock.settle();
		expect(lastBatch()).toEqual([['append', 3, topic, body]]);
	});

	it('fails with the code that the primary answers', async () => {
		const appended = backplane.append(topic, '"a",1');
		channel.primary.send([['failed', 2, 'UNAVAILABLE', 'the disk is full']], () => {});
		await clock.settle();
		await expect(appended).rejects.toMatchObject({ code: 'UNAVAILABLE', message: 'the disk is full' });
	});
});

describe('what a worker delivers', () => {
	it('has its own events in their place among those of others, and is delivered when append resolves', async () => {
		await subscribe();
		const order: string[] = [];
		const appended = backplane.append(topic, '"own",2').then(() => order.push(`${delivered.length} delivered`));
		channel.primary.send(
			[
				['event', topic, 'e', 1, '"other",1', null],
				['position', 3, 'e', 2],
				['event', topic, 'e', 3, '"other",3', null]
			],
			() => {}
		);
		await clock.settle();
		await appended;
		expect(delivered.map(({ offset, body }) => [offset, body])).toEqual([
			[1, '"other",1'],
			[2, '"own",2'],
			[3, '"other",3']
		]);
		expect(order).toEqual(['3 delivered']);
	});

	it('is nothing that was on its way when it unsubscribed', async () => {
		await subscribe();
		backplane.unsubscribe(topic);
		channel.primary.send([['event', topic, 'e', 1, '"a",1', null]], () => {});
		await clock.settle();
		expect(delivered).toEqual([]);
	});
});

describe('the end', () => {
	it('of the primary rejects what is under way, and everything that follows, with UNAVAILABLE', async () => {
		const appended = backplane.append(topic, '"a",1');
		channel.primaryEnds();
		await expect(appended).rejects.toMatchObject({ code: 'UNAVAILABLE' });
		await expect(backplane.subscribe(topic)).rejects.toMatchObject({
			code: 'UNAVAILABLE',
			message: 'the primary process has ended'
		});
		await backplane.stop();
	});

	it('of the backplane waits for what was appended before, and then for nothing that keeps the process alive', async () => {
		const appended = backplane.append(topic, '"a",1');
		let stopped = false;
		const stopping = backplane.stop().then(() => (stopped = true));
		await clock.settle();
		expect(lastBatch()).toEqual([
			['append', 2, topic, '"a",1'],
			['leave', 3, true]
		]);
		channel.primary.send([['done', 3]], () => {});
		await clock.settle();
		expect(stopped, 'the append is not answered').toBe(false);
		expect(channel.worker.kept).toEqual([true]);
		channel.primary.send([['position', 2, 'e', 1]], () => {});
		await clock.settle();
		await stopping;
		expect(await appended).toEqual({ epoch: 'e', offset: 1 });
		expect(channel.worker.kept).toEqual([true, false]);
	});

	it('is final', async () => {
		channel.primaryEnds();
		await backplane.stop();
		await expect(backplane.append(topic, '"a",1')).rejects.toMatchObject({ code: 'UNAVAILABLE' });
	});
});
