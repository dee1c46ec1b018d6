import { describe, expect, it } from 'vitest';
import { FakeSocket } from '../../test/support/server-harness.ts';
import { memory } from '../backplanes/memory/memory.ts';
import { encodeTopic } from '../protocol/topic.ts';
import { Feed } from './feed.ts';
import { HubTopic } from './hub-topic.ts';
import { SendQueue } from './send-queue.ts';

function scene() {
	const socket = new FakeSocket();
	const queue = new SendQueue<Feed>(socket, 10_000, {
		needsFlush: () => {},
		overflowed: () => {},
		conflated: () => {}
	});
	const topic = new HubTopic(encodeTopic('t'), {
		backplane: memory(),
		onError: (error) => expect.fail(String(error)),
		observer: null,
		nextAlias: () => 1,
		flushSoon: () => {}
	});
	topic.startAt({ epoch: 'e', offset: 8 });
	const feed = new Feed(topic, { connectionId: 'c', queue, topicCount: 1 });
	topic.feeds.add(feed);
	const deliver = (offset: number): void => {
		topic.receive({ topic: topic.name, epoch: 'e', offset, body: '"n",0', conflationKey: null });
		topic.flush(1);
	};
	return { feed, deliver, sent: socket.sent };
}

const stream = { catchUp: () => {}, invalidated: () => {}, failed: () => {} };

describe('a feed', () => {
	it('leaves out what its stream found in the log before it was delivered', () => {
		const { feed, deliver, sent } = scene();
		feed.begin(stream, { epoch: 'e', offset: 10 });
		for (const offset of [9, 10, 11]) deliver(offset);
		expect(sent).toEqual(['["event",1,11,"n",0]']);
	});

	it('goes on where the stream is that found least', () => {
		const { feed, deliver, sent } = scene();
		feed.begin({ catchUp: () => {}, invalidated: () => {}, failed: () => {} }, { epoch: 'e', offset: 10 });
		feed.begin(stream, { epoch: 'e', offset: 9 });
		expect(feed.position).toEqual({ epoch: 'e', offset: 9 });
		for (const offset of [9, 10]) deliver(offset);
		expect(sent).toEqual(['["event",1,10,"n",0]']);
	});
});
