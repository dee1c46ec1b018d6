// What the server core relies on in a backplane that joins processes, as tests with real ones. Events are read as a server
// reads them, by a hub that fills holes from the log: a backplane may lose deliveries, never events.

import assert from 'node:assert/strict';
import { decodeDown } from '../protocol/down.ts';
import type { Position } from '../protocol/position.ts';
import { encodeEventBody } from '../protocol/stream.ts';
import { encodeTopic, type TopicName } from '../protocol/topic.ts';
import type { Backplane, Delivery } from '../server/backplane.ts';
import type { Frame } from '../server/frame.ts';
import { Hub } from '../server/hub.ts';
import type { ContractTest } from './transport-contract.ts';

/** The backplane of a process of its own, not started. */
export interface BackplanePeer {
	backplane: Backplane;
	/** Ends the process without a word, as SIGKILL does. What is asked of its backplane rejects from then on. */
	kill(): Promise<void>;
}

/** Makes one more process on the store of this test. */
export type MakePeer = () => Promise<BackplanePeer>;

const TOPIC = encodeTopic(['board', 'one']);
const OTHER = encodeTopic(['board', 'two']);
const ROUNDS = 200;
const body = (data: unknown): string => encodeEventBody('created', data);

/** One process that reads topics. */
class Reader {
	readonly backplane: Backplane;
	readonly deliveries: Delivery[] = [];
	/** What a stream would be given: data by offset, in order. */
	readonly seen: { offset: number; data: unknown }[] = [];
	readonly #hub: Hub;
	#onSeen = (): void => {};

	constructor(backplane: Backplane) {
		this.backplane = backplane;
		const fail = (error: unknown): void => assert.fail(error as Error);
		this.#hub = new Hub(backplane, fail, { needsFlush: () => this.#hub.flush() });
	}

	async start(...topics: TopicName[]): Promise<this> {
		await this.backplane.start((delivery) => {
			this.deliveries.push(delivery);
			this.#hub.receive(delivery);
		});
		for (const name of topics) {
			const topic = await this.#hub.join(name);
			const disconnected = (): void => assert.fail('it was reset');
			topic.feeds.add({ offset: 0, deliver: (events) => this.#see(events), disconnected });
		}
		return this;
	}

	#see(frame: Frame): void {
		for (const message of decodeDown(frame.text)) {
			if (message.kind === 'event') this.seen.push({ offset: message.offset, data: message.data });
		}
		this.#onSeen();
	}

	/** Resolves when so many events were seen. Lost deliveries are looked for as heartbeats do, only more often. */
	async until(count: number): Promise<void> {
		const looking = setInterval(() => this.#hub.check(), 50);
		while (this.seen.length < count) await new Promise<void>((resolve) => (this.#onSeen = resolve));
		clearInterval(looking);
	}

	get offsets(): number[] {
		return this.seen.map(({ offset }) => offset);
	}
}

type Run = (one: Reader, makePeer: MakePeer) => Promise<void>;
type Define = (title: string, run: Run) => ContractTest;

/** @param test makes a test of one that gets the reader of the first process, not started, and can make others */
export function processesContract(
	test: (title: string, run: (one: Backplane) => Promise<void>) => ContractTest,
	makePeer: MakePeer
): ContractTest[] {
	const define: Define = (title, run) => test(title, (one) => run(new Reader(one), makePeer));
	return [...deliveryTests(define), ...orderTests(define), ...endTests(define)];
}

const upTo = (count: number): number[] => Array.from({ length: count }, (_, index) => index + 1);

function deliveryTests(test: Define): ContractTest[] {
	return [
		test('an event that one process appends is delivered in another, with the same position and text', async (one, makePeer) => {
			const other = new Reader((await makePeer()).backplane);
			await Promise.all([one.start(TOPIC), other.start(TOPIC)]);
			const position = await one.backplane.append(TOPIC, body({ title: 'é – "quoted"\n' }));
			await other.until(1);
			const delivery = {
				topic: TOPIC,
				...position,
				body: body({ title: 'é – "quoted"\n' }),
				conflationKey: null
			};
			assert.deepEqual([one.deliveries, other.deliveries], [[delivery], [delivery]]);
		}),
		test('a process hears of its own topics only, whatever others listen to', async (one, makePeer) => {
			const other = new Reader((await makePeer()).backplane);
			await Promise.all([one.start(OTHER), other.start(TOPIC)]);
			await one.backplane.append(TOPIC, body(1));
			await other.backplane.append(OTHER, body(2));
			await Promise.all([one.until(1), other.until(1)]);
			assert.deepEqual(
				[one.deliveries, other.deliveries].map((all) => all.map(({ topic }) => topic)),
				[[OTHER], [TOPIC]]
			);
		}),
		test('a process that unsubscribes leaves the others subscribed', async (one, makePeer) => {
			const other = new Reader((await makePeer()).backplane);
			await Promise.all([one.start(TOPIC), other.start(TOPIC)]);
			other.backplane.unsubscribe(TOPIC);
			await other.backplane.append(TOPIC, body(1));
			await one.until(1);
			assert.deepEqual(other.deliveries, []);
		}),
		test('a broadcast reaches every process that listens, once', async (one, makePeer) => {
			const others = await Promise.all([makePeer(), makePeer()]);
			const [two, three] = others.map(({ backplane }) => new Reader(backplane)) as [Reader, Reader];
			await Promise.all([one.start(TOPIC), two.start(TOPIC), three.start()]);
			await one.backplane.broadcast(TOPIC, body('from one'), 'ada');
			await three.backplane.broadcast(TOPIC, body('from three'), null);
			await Promise.all([one.until(2), two.until(2)]);
			for (const { deliveries } of [one, two])
				assert.deepEqual(
					deliveries.map(({ conflationKey }) => conflationKey),
					['ada', null]
				);
			assert.equal((await two.backplane.head(TOPIC)).offset, 0);
			assert.deepEqual(three.deliveries, []);
		})
	];
}

function orderTests(test: Define): ContractTest[] {
	return [
		test('events that processes append at the same time have one order, without gaps, in every process', async (one, makePeer) => {
			const other = new Reader((await makePeer()).backplane);
			await Promise.all([one.start(TOPIC), other.start(TOPIC)]);
			const load = async ({ backplane }: Reader, name: string): Promise<Position[]> => {
				const positions: Promise<Position>[] = [];
				for (const number of upTo(ROUNDS)) {
					positions.push(Promise.resolve(backplane.append(TOPIC, body([name, number]))));
					if (number % 10 === 0) await positions.at(-1); // some at once, some one after another
				}
				return Promise.all(positions);
			};
			const positions = await Promise.all([load(one, 'one'), load(other, 'other')]);
			await Promise.all([one.until(2 * ROUNDS), other.until(2 * ROUNDS)]);
			assert.deepEqual(one.offsets, upTo(2 * ROUNDS));
			assert.deepEqual(other.seen, one.seen);
			for (const [index, name] of ['one', 'other'].entries()) {
				const own = one.seen.filter(({ data }) => (data as [string])[0] === name);
				assert.deepEqual(
					own.map(({ data }) => (data as [string, number])[1]),
					upTo(ROUNDS),
					'the order of each is kept'
				);
				assert.deepEqual(
					own.map(({ offset }) => offset),
					positions[index]?.map(({ offset }) => offset)
				);
			}
		}),
		test('a position that one process gave out can be read from in another', async (one, makePeer) => {
			const other = new Reader((await makePeer()).backplane);
			await Promise.all([one.start(), other.start()]);
			const first = await one.backplane.append(TOPIC, body(1));
			const second = await one.backplane.append(TOPIC, body(2));
			assert.deepEqual(await other.backplane.head(TOPIC), second);
			assert.deepEqual(await other.backplane.read(TOPIC, first), {
				kind: 'events',
				epoch: first.epoch,
				entries: [{ offset: 2, body: body(2) }]
			});
		})
	];
}

function endTests(test: Define): ContractTest[] {
	return [
		test('a process that ends in order takes nothing with it', async (one, makePeer) => {
			const other = new Reader((await makePeer()).backplane);
			await Promise.all([one.start(TOPIC), other.start(TOPIC)]);
			const appended = upTo(20).map(async (number) => other.backplane.append(TOPIC, body(number)));
			await other.backplane.stop();
			assert.equal((await Promise.all(appended)).length, 20);
			await one.backplane.append(TOPIC, body(21));
			await one.until(21);
			assert.deepEqual(
				one.seen.map(({ data }) => data),
				upTo(21)
			);
		}),
		test('a process that is killed under load costs the others no event, and none comes twice', async (one, makePeer) => {
			const [victim, witness] = await Promise.all([makePeer(), makePeer()]);
			const [two, three] = [new Reader(victim.backplane), new Reader(witness.backplane)];
			await Promise.all([one.start(TOPIC), two.start(TOPIC), three.start(TOPIC)]);
			const acknowledged: Position[] = [];
			const load = async (): Promise<void> => {
				for (const number of upTo(100_000)) acknowledged.push(await two.backplane.append(TOPIC, body(number)));
			};
			const loading = load().catch(() => 'killed');
			await one.until(ROUNDS);
			await victim.kill();
			assert.equal(await loading, 'killed');
			const last = await three.backplane.append(TOPIC, body('afterwards'));
			await Promise.all([one.until(last.offset), three.until(last.offset)]);
			assert.deepEqual(one.offsets, upTo(last.offset));
			assert.deepEqual(three.seen, one.seen);
			assert.ok(last.offset > acknowledged.length, 'what was acknowledged is there');
		}),
		test('a process that starts after another was killed goes on from its positions', async (one, makePeer) => {
			const victim = await makePeer();
			await Promise.all([one.start(), victim.backplane.start(() => {})]);
			const position = await victim.backplane.append(TOPIC, body(1));
			await victim.kill();
			await one.backplane.append(TOPIC, body(2));
			const next = await new Reader((await makePeer()).backplane).start();
			const result = await next.backplane.read(TOPIC, position);
			assert.deepEqual(result, {
				kind: 'events',
				epoch: position.epoch,
				entries: [{ offset: 2, body: body(2) }]
			});
		})
	];
}
