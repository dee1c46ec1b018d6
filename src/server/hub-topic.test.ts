import { beforeEach, describe, expect, it } from 'vitest';
import { encodeTopic } from '../protocol/topic.ts';
import { TopicLog } from '../backplanes/memory/topic-log.ts';
import type { Backplane } from './backplane.ts';
import { HubTopic } from './hub-topic.ts';
import type { TopicReader } from './read-topic.ts';

const NAME = encodeTopic('topic');

/** A log that others write to, and a reader of this process. */
function scene() {
	let log = new TopicLog('e1', { events: 3, characters: Infinity });
	let aliases = 0;
	const received: string[] = [];
	/** Answers that are under way; null where reading takes no time. */
	let pending: (() => void)[] | null = null;
	const backplane = {
		head: () => log.head,
		read: (_: unknown, after: Parameters<TopicLog['read']>[0]) => {
			const result = log.read(after);
			return pending === null ? result : new Promise((resolve) => pending?.push(() => resolve(result)));
		}
	} as unknown as Backplane;
	const topic = new HubTopic(NAME, {
		backplane,
		onError: (error) => expect.fail(String(error)),
		observer: null,
		nextAlias: () => ++aliases,
		flushSoon: (each) => each.flush(0)
	});
	const reader: TopicReader = {
		offset: 0,
		deliver: ({ text }) => received.push(text),
		disconnected: () => received.push('disconnected')
	};
	topic.feeds.add(reader);
	return {
		topic,
		received,
		/** From now on, answers of the log wait for the function that this returns. */
		slowReads: () => {
			const answers: (() => void)[] = (pending = []);
			return async () => {
				answers.shift()?.();
				await Promise.resolve();
				await Promise.resolve();
			};
		},
		append: (name: string) => log.append(`"${name}",0`),
		replace: (epoch: string) => (log = new TopicLog(epoch, { events: 3, characters: Infinity })),
		deliver: (offset: number, name: string, epoch = 'e1') =>
			topic.receive({ topic: NAME, epoch, offset, body: `"${name}",0`, conflationKey: null })
	};
}

let all: ReturnType<typeof scene>;

beforeEach(() => {
	all = scene();
	all.topic.startAt({ epoch: 'e1', offset: 0 });
});

describe('a topic whose deliveries get lost', () => {
	it('reads what is missing before it passes on what came after', () => {
		all.append('a');
		all.append('b');
		all.deliver(2, 'b');
		expect(all.received).toEqual(['["event",1,1,"a",0]', '["event",1,2,"b",0]']);
	});

	it('finds the loss of the last event, which no later delivery shows', async () => {
		all.append('a');
		await all.topic.check();
		expect(all.received).toEqual(['["event",1,1,"a",0]']);
		await all.topic.check();
		expect(all.received).toHaveLength(1);
	});

	it('does not forget what is delivered while it reads', async () => {
		const answer = all.slowReads();
		all.append('a');
		all.append('b');
		all.deliver(2, 'b');
		all.append('c');
		all.deliver(3, 'c');
		expect(all.received).toEqual([]);
		await answer();
		expect(all.received).toHaveLength(2);
		await answer();
		expect(all.received.at(-1)).toBe('["event",1,3,"c",0]');
	});

	it('takes no answer of a log that has been replaced while it was asked', async () => {
		const answer = all.slowReads();
		for (const name of ['a', 'b']) all.append(name);
		all.deliver(2, 'b');
		all.replace('e2');
		await all.topic.check();
		await answer();
		expect(all.received).toEqual(['disconnected']);
		expect(all.topic.head).toEqual({ epoch: 'e2', offset: 0 });
	});

	it('passes an event on once, however often it is delivered', () => {
		all.append('a');
		all.deliver(1, 'a');
		all.deliver(1, 'a');
		expect(all.received).toHaveLength(1);
	});

	it('lets its readers begin anew where the log has forgotten what is missing, and goes on behind it', () => {
		for (const name of ['a', 'b', 'c', 'd', 'e']) all.append(name);
		all.deliver(5, 'e');
		expect(all.received).toEqual(['disconnected']);
		all.append('f');
		all.deliver(6, 'f');
		expect(all.received).toEqual(['disconnected', '["event",1,6,"f",0]']);
	});
});

describe('a topic whose log is replaced', () => {
	it('gets another number, so that nobody takes an event of the new log for one of the old', () => {
		all.append('a');
		all.deliver(1, 'a');
		all.replace('e2');
		all.append('other');
		all.append('b');
		all.deliver(2, 'b', 'e2');
		expect(all.received).toEqual(['["event",1,1,"a",0]', 'disconnected']);
		expect(all.topic.head).toEqual({ epoch: 'e2', offset: 2 });
		all.append('c');
		all.deliver(3, 'c', 'e2');
		expect(all.received.at(-1)).toBe('["event",2,3,"c",0]');
	});

	it('is not led back by a delivery of the old log that comes late', () => {
		all.append('a');
		all.replace('e2');
		all.append('other');
		all.deliver(1, 'other', 'e2');
		all.deliver(1, 'a', 'e1');
		expect(all.topic.head).toEqual({ epoch: 'e2', offset: 1 });
		expect(all.received).toEqual(['disconnected']);
	});

	it('finds out by itself', async () => {
		all.replace('e2');
		await all.topic.check();
		expect(all.topic.head).toEqual({ epoch: 'e2', offset: 0 });
		expect(all.received).toEqual(['disconnected']);
	});
});
