import { describe, expect, it } from 'vitest';
import { encodeTopic } from '../../protocol/topic.ts';
import type { Delivery } from '../../server/backplane.ts';
import { Cursors } from './cursors.ts';
import { epochOf, type Fetched } from './log.ts';

const TOPIC = encodeTopic(['board', 1]);
const OTHER = encodeTopic(['board', 2]);

/** A log of topics 1 and 2 in incarnation `a`, which a test grows by hand. */
class Log {
	incarnation: string | null = 'a';
	readonly bodies = new Map<number, string[]>([
		[1, []],
		[2, []]
	]);
	readonly delivered: Delivery[] = [];
	readonly asked: number[][] = [];
	readonly changes: (string | null)[] = [];
	failures = 0;
	/** Whether the next look fails. */
	isAway = false;
	/** The last look. */
	fetched: Promise<Fetched> | null = null;
	readonly cursors = new Cursors({
		deliver: (delivery) => this.delivered.push(delivery),
		fetch: (cursors) => (this.fetched = this.#fetch(cursors)),
		changed: (incarnation) => this.changes.push(incarnation),
		failed: () => this.failures++
	});

	constructor() {
		this.cursors.begin('a');
	}

	read(topic = TOPIC, id = 1): void {
		this.cursors.open(topic);
		this.cursors.place(topic, { id, offset: this.bodies.get(id)!.length, incarnation: 'a' });
		this.cursors.opened();
	}

	grow(id: number, ...bodies: string[]): number {
		return this.bodies.get(id)!.push(...bodies);
	}

	async #fetch(cursors: readonly { id: number; offset: number }[]): Promise<Fetched> {
		// What is asked is on its way before the answer comes.
		const wanted = cursors.map(({ id, offset }) => ({ id, offset }));
		this.asked.push(wanted.map(({ id }) => id));
		await Promise.resolve();
		if (this.isAway) throw new Error('away');
		const entries = wanted.flatMap(({ id, offset }) =>
			this.bodies.get(id)!.flatMap((body, index) => (index < offset ? [] : [{ id, offset: index + 1, body }]))
		);
		return { incarnation: this.incarnation, entries };
	}

	get seen(): string[] {
		return this.delivered.map(({ topic, offset, body }) => `${topic} ${offset} ${body}`);
	}
}

describe('cursors', () => {
	it('deliver what follows their place, in order and once, whoever brings it', async () => {
		const log = new Log();
		log.grow(1, 'before');
		log.read();
		log.grow(1, 'a', 'b');
		const own = log.grow(1, 'c');
		const head = { id: 1, offset: own, incarnation: 'a' };
		await Promise.all([log.cursors.append(TOPIC, head, ['c']), log.cursors.wakeAll()]);
		log.cursors.wake(1, 4);
		await log.cursors.append(TOPIC, head, ['c']);
		expect(log.seen).toEqual(['board/1 2 a', 'board/1 3 b', 'board/1 4 c']);
	});

	it('take an append that follows at once without asking the log', async () => {
		const log = new Log();
		log.read();
		await log.cursors.append(TOPIC, { id: 1, offset: 2, incarnation: 'a' }, ['a', 'b']);
		expect([log.seen.length, log.asked]).toEqual([2, []]);
	});

	it('deliver once what an append brings while the log is asked', async () => {
		const log = new Log();
		log.read();
		log.grow(1, 'a');
		const looked = log.cursors.wakeAll();
		await log.cursors.append(TOPIC, { id: 1, offset: 1, incarnation: 'a' }, ['a']);
		await looked;
		expect(log.seen).toEqual(['board/1 1 a']);
	});

	it('ask once for all topics that are behind', async () => {
		const log = new Log();
		log.read();
		log.read(OTHER, 2);
		log.grow(1, 'a');
		log.grow(2, 'b');
		await log.cursors.wakeAll();
		expect([log.asked, log.seen]).toEqual([[[1, 2]], ['board/1 1 a', 'board/2 1 b']]);
	});

	it('remember a wake-up that comes before their place is known', async () => {
		const log = new Log();
		log.cursors.open(TOPIC);
		log.grow(1, 'a');
		log.cursors.wake(1, 1);
		log.cursors.place(TOPIC, { id: 1, offset: 0, incarnation: 'a' });
		log.cursors.opened();
		await log.fetched;
		expect(log.seen).toEqual(['board/1 1 a']);
	});

	it.each([null, 'b'])('deliver nothing of another incarnation, and say so (%s)', async (incarnation) => {
		const log = new Log();
		log.read();
		log.grow(1, 'a');
		log.incarnation = incarnation;
		await log.cursors.wakeAll();
		await log.cursors.append(TOPIC, { id: 1, offset: 1, incarnation: 'b' }, ['a']);
		expect([log.seen, log.changes]).toEqual([[], [incarnation, 'b']]);
	});

	it('go on from their new place in another incarnation, and have no place in the last one', async () => {
		const log = new Log();
		log.read();
		log.read(OTHER, 2);
		log.cursors.begin('b');
		log.incarnation = 'b';
		log.cursors.place(TOPIC, { id: 1, offset: 5, incarnation: 'b' });
		expect(log.cursors.places).toMatchObject([{ id: 1, offset: 5 }]);
		await log.cursors.append(TOPIC, { id: 1, offset: 6, incarnation: 'b' }, ['f']);
		expect(log.delivered).toMatchObject([{ epoch: epochOf('b', 1), offset: 6 }]);
	});

	it('find after a failure what they missed by it', async () => {
		const log = new Log();
		log.read();
		log.grow(1, 'a');
		log.isAway = true;
		await log.cursors.wakeAll();
		expect([log.failures, log.seen]).toEqual([1, []]);
		log.isAway = false;
		await log.cursors.wakeAll();
		expect(log.seen).toEqual(['board/1 1 a']);
	});

	it('deliver nothing of a topic that is not read any more', async () => {
		const log = new Log();
		log.read();
		log.grow(1, 'a');
		const looked = log.cursors.wakeAll();
		log.cursors.remove(TOPIC);
		await looked;
		await log.cursors.append(TOPIC, { id: 1, offset: 1, incarnation: 'a' }, ['a']);
		expect([log.seen, log.cursors.topics, log.cursors.ids]).toEqual([[], [], []]);
	});
});
