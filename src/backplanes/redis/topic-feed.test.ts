import { expect, it } from 'vitest';
import { encodeTopic } from '../../protocol/topic.ts';
import { VirtualClock } from '../../testing/virtual-clock.ts';
import { HOLD_MS } from './options.ts';
import { TopicFeed, type EventRun } from './topic-feed.ts';

const run = (first: number, count = 1, epoch = 'e'): EventRun => ({
	epoch,
	first,
	bodies: Array.from({ length: count }, (_, index) => `"a",${first + index}`)
});

/** A feed that joined behind the third event, and what it delivered. */
function joined(): { feed: TopicFeed; clock: VirtualClock; delivered: number[] } {
	const delivered: number[] = [];
	const clock = new VirtualClock();
	const feed = new TopicFeed(encodeTopic('chat'), clock, ({ offset }) => delivered.push(offset));
	feed.join({ epoch: 'e', offset: 3 });
	return { feed, clock, delivered };
}

it('delivers an event once, whether the answer or the channel is first', async () => {
	const { feed, delivered } = joined();
	await feed.append(run(4));
	feed.hear(run(4));
	feed.hear(run(5));
	await feed.append(run(5));
	feed.hear(run(4, 3));
	expect(delivered).toEqual([4, 5, 6]);
});

it('holds an event of its own until those before it have come', async () => {
	const { feed, delivered } = joined();
	const appended = feed.append(run(6, 2));
	expect(delivered).toEqual([]);
	feed.hear(run(4));
	expect(delivered).toEqual([4]);
	feed.hear(run(5));
	await appended;
	expect(delivered).toEqual([4, 5, 6, 7]);
});

it('holds it no longer than for a while, or until the channel is lost: then the hub finds the hole', async () => {
	const { feed, clock, delivered } = joined();
	const late = feed.append(run(5));
	await clock.advance(HOLD_MS);
	await late;
	expect(delivered).toEqual([5]);
	const lost = feed.append(run(8));
	feed.interrupt();
	await lost;
	expect(delivered).toEqual([5, 8]);
});

it('begins behind what came over the channel while the head was read', () => {
	const delivered: number[] = [];
	const feed = new TopicFeed(encodeTopic('chat'), new VirtualClock(), ({ offset }) => delivered.push(offset));
	feed.hear(run(4, 2));
	expect(feed.join({ epoch: 'e', offset: 4 })).toEqual({ epoch: 'e', offset: 5 });
	feed.hear(run(6));
	expect(delivered).toEqual([6]);
});

it('passes on what belongs to another epoch, for the hub to compare', () => {
	const { feed, delivered } = joined();
	feed.hear(run(1, 1, 'another'));
	feed.hear(run(4));
	expect(delivered).toEqual([1, 4]);
});

it('delivers nothing after it was left, and lets nobody wait', async () => {
	const { feed, delivered } = joined();
	const held = feed.append(run(9));
	feed.leave();
	await held;
	feed.hear(run(4));
	expect(delivered).toEqual([]);
});
