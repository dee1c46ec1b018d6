import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { FakeSocket } from '../../test/support/server-harness.ts';
import { EventFrame } from './event-frame.ts';
import { BinaryFrame, Frame } from './frame.ts';
import { ENTRY_BYTES, SendQueue } from './send-queue.ts';

class Source {
	readonly name: string;
	/** The lowest offset that was dropped. */
	droppedFrom = Infinity;

	constructor(name: string) {
		this.name = name;
	}

	dropped(offset: number): void {
		this.droppedFrom = Math.min(this.droppedFrom, offset);
	}
}

function start(maxBytes = 1_000) {
	const socket = new FakeSocket();
	const stale: string[][] = [];
	const queue = new SendQueue<Source>(socket, maxBytes, {
		needsFlush: () => {},
		conflated: () => {},
		overflowed: (sources) => void stale.push([...sources].map(({ name }) => name))
	});
	const one = new Source('one');
	const two = new Source('two');
	/** An event with a number, or one that others of its key replace. */
	const event = (feed: Source, text: string, numberOrKey: number | string | null = null): void => {
		const isKey = typeof numberOrKey === 'string';
		const offset = isKey ? 0 : (numberOrKey ?? 0);
		const span = { first: offset, last: offset, conflationKey: isKey ? numberOrKey : null };
		queue.pushEvents(feed, new EventFrame([text], span));
	};
	const push = (text: string): void => queue.push(new Frame(text));
	return { socket, queue, stale, one, two, event, push };
}

describe('the queue of a connection', () => {
	it('sends everything that was queued in one write, in order', () => {
		const { queue, socket, push, event, one } = start();
		push('a');
		event(one, 'b', 1);
		push('c');
		queue.flush();
		expect(socket.sent).toEqual(['a', 'b', 'c']);
		expect(socket.writes).toBe(1);
		queue.flush();
		expect(socket.writes).toBe(1);
	});

	it('sends what is binary as messages of their own, at their place', () => {
		const { queue, socket, push } = start();
		const order: string[] = [];
		socket.send = (frames) => void order.push(frames.map(({ text }) => text).join());
		socket.sendMessage = (data) => void order.push(`${data.length} bytes`);
		const bytes = (length: number): void => queue.push(new BinaryFrame(new Uint8Array(length)));
		push('a');
		push('b');
		bytes(3);
		bytes(4);
		push('c');
		expect(queue.bytes).toBe(10 + 5 * ENTRY_BYTES);
		queue.flush();
		bytes(5);
		queue.flush();
		push('d');
		push('e');
		queue.flush();
		expect(order).toEqual(['a,b', '3 bytes', '4 bytes', 'c', '5 bytes', 'd,e']);
		expect(queue.bytes).toBe(0);
	});

	it('counts what waits and what the socket holds', () => {
		const { queue, socket, push } = start();
		push('ü');
		expect(queue.bytes).toBe(2 + ENTRY_BYTES);
		socket.stopReading();
		queue.flush();
		push('abc');
		expect(queue.bytes).toBe(2 + 3 + ENTRY_BYTES);
		expect(queue.hasRoom).toBe(true);
		push('x'.repeat(950));
		expect(queue.hasRoom).toBe(false);
	});

	it('gives a socket nothing more while that holds enough of its own', () => {
		const { queue, socket, push } = start(1_000_000);
		socket.stopReading();
		push('x'.repeat(70_000));
		queue.flush();
		push('later');
		queue.flush();
		expect(socket.bufferedBytes).toBe(70_000);
		socket.read();
		queue.flush();
		expect(socket.sent).toEqual(['x'.repeat(70_000), 'later']);
	});

	it('drops every event when one finds no room, and says whose', () => {
		const { queue, stale, one, two, event, socket } = start();
		event(one, 'x'.repeat(400), 7);
		event(two, 'x'.repeat(400), 3);
		event(one, 'x'.repeat(400), 8);
		expect(stale).toEqual([['one', 'two']]);
		expect([one.droppedFrom, two.droppedFrom]).toEqual([7, 3]);
		expect(queue.bytes).toBe(0);
		queue.flush();
		expect(socket.sent).toEqual([]);
	});

	it('drops events for an answer, and never an answer', () => {
		const { queue, stale, one, event, push, socket } = start();
		push('x'.repeat(600));
		event(one, 'x'.repeat(250), 1);
		push('y'.repeat(600));
		push('z'.repeat(600));
		expect(stale).toEqual([['one']]);
		queue.flush();
		expect(socket.sent).toEqual(['x'.repeat(600), 'y'.repeat(600), 'z'.repeat(600)]);
	});

	it('says nothing of events where there are none', () => {
		const { stale, push } = start();
		push('x'.repeat(800));
		push('x'.repeat(800));
		expect(stale).toEqual([]);
	});
});

describe('events that replace each other', () => {
	it('leave as the latest one, in the place of the first', () => {
		const { queue, socket, one, event } = start();
		event(one, 'k1', 'k');
		event(one, 'other', 'o');
		event(one, 'k2', 'k');
		event(one, 'k3', 'k');
		queue.flush();
		expect(socket.sent).toEqual(['k3', 'other']);
	});

	it('do so per topic, and not after they have left', () => {
		const { queue, socket, one, two, event } = start();
		event(one, 'one', 'k');
		event(two, 'two', 'k');
		queue.flush();
		event(one, 'again', 'k');
		queue.flush();
		expect(socket.sent).toEqual(['one', 'two', 'again']);
	});

	it('stay on their side of an event that stands for itself', () => {
		const { queue, socket, one, event } = start();
		event(one, 'update 1', 'k');
		event(one, 'set all', null);
		event(one, 'update 2', 'k');
		queue.flush();
		expect(socket.sent).toEqual(['update 1', 'set all', 'update 2']);
	});

	it('are counted as what they have become', () => {
		const { queue, one, event } = start();
		event(one, 'xx', 'k');
		event(one, 'xxxxxx', 'k');
		expect(queue.bytes).toBe(6 + ENTRY_BYTES);
		event(one, 'x', 'k');
		expect(queue.bytes).toBe(1 + ENTRY_BYTES);
	});

	it('are bounded like all others when they grow', () => {
		const { queue, one, event, stale } = start();
		event(one, 'x'.repeat(500), 'a');
		event(one, 'x', 'b');
		event(one, 'x'.repeat(600), 'b');
		expect(queue.bytes).toBeLessThanOrEqual(1_000);
		expect(stale).toEqual([['one']]);
	});

	it('are found again after others were dropped', () => {
		const { queue, socket, one, event, push } = start();
		push('answer');
		event(one, 'x'.repeat(800), 'k');
		event(one, 'x'.repeat(700), 'l');
		event(one, 'k', 'k');
		queue.flush();
		expect(socket.sent).toEqual(['answer', 'k']);
	});
});

describe('whatever is queued', () => {
	const action = fc.record({
		kind: fc.constantFrom('event', 'event', 'event', 'push', 'flush', 'read'),
		bytes: fc.integer({ min: 1, max: 60 }),
		key: fc.constantFrom(null, null, 'a', 'b')
	});

	it('events never make it hold more than its bound, and every event is sent, replaced or reported', () => {
		fc.assert(
			fc.property(fc.array(action, { maxLength: 40 }), (actions) => {
				const { queue, socket, one, event, push, stale } = start();
				socket.stopReading();
				const excess: number[] = [];
				let answers = 0;
				let offset = 0;
				for (const { kind, bytes, key } of actions) {
					if (kind === 'event') {
						const before = Math.max(queue.bytes, 1_000);
						event(one, `event ${++offset}`.padEnd(bytes * 10), key ?? offset);
						if (queue.bytes > before) excess.push(queue.bytes);
					} else if (kind === 'push') push(`answer ${++answers}`.padEnd(bytes * 10));
					else if (kind === 'flush') queue.flush();
					else socket.read();
				}
				socket.read();
				queue.flushAll();
				const sent = socket.sent.filter((text) => text.startsWith('answer')).length;
				expect(excess).toEqual([]);
				expect(sent).toBe(answers);
				const last = socket.sent.findLast((text) => text.startsWith('event'))?.trim();
				expect(offset === 0 || stale.length > 0 || last !== undefined).toBe(true);
			})
		);
	});
});
