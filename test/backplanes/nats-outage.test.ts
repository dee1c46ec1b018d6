// What becomes of readers and writers when NATS is killed, hangs, loses its data or goes back to older ones, when answers
// are lost, and when somebody else writes to its subjects.
import { setTimeout as delay } from 'node:timers/promises';
import { afterEach, describe, expect, it } from 'vitest';
import { connect } from '@nats-io/transport-node';
import { jetstreamManager } from '@nats-io/jetstream';
import { Kvm } from '@nats-io/kv';
import { isLiveError } from '../../src/base/errors.ts';
import { tokenOf } from '../../src/backplanes/nats/names.ts';
import { nats, type NatsBackplane } from '../../src/backplanes/nats/nats.ts';
import type { NatsOptions } from '../../src/backplanes/nats/options.ts';
import type { Position } from '../../src/protocol/position.ts';
import { encodeTopic } from '../../src/protocol/topic.ts';
import { LogReader } from '../support/log-reader.ts';
import { NatsServer } from '../support/services/nats.ts';
import { Proxy } from '../torture/proxy.ts';

/** How often histories that depend on the moment are played. */
const RUNS = Number(process.env['TIDEWIRE_RUNS'] ?? 3);
const TIME_FOR_RUNS = { timeout: 30_000 + RUNS * 4_000 };
const topic = encodeTopic(['board', 'one']);
const cleanups: (() => Promise<void>)[] = [];

afterEach(async () => {
	for (const cleanup of cleanups.splice(0).toReversed()) await cleanup();
});

async function startServer(): Promise<NatsServer> {
	const server = await NatsServer.start();
	cleanups.push(() => server[Symbol.asyncDispose]());
	return server;
}

function open(url: string, options: NatsOptions = {}): NatsBackplane {
	const backplane = nats(url, options);
	cleanups.push(async () => backplane.stop());
	return backplane;
}

async function start(url: string, options: NatsOptions = {}): Promise<NatsBackplane> {
	const backplane = open(url, options);
	await backplane.start(() => {});
	return backplane;
}

const startReader = (url: string): Promise<LogReader> => new LogReader(open(url, { events: 1_000_000 })).start(topic);

/** A client of somebody else. */
async function stranger(server: NatsServer) {
	const connection = await connect({ servers: server.url });
	cleanups.push(() => connection.close());
	return connection;
}

const upTo = (count: number): number[] => Array.from({ length: count }, (_, index) => index + 1);
const body = (data: unknown): string => `"created",${JSON.stringify(data)}`;

/** Appends one event after another until it is told to end; those that are refused are tried no more. */
class Writer implements AsyncDisposable {
	readonly acknowledged: { number: number; position: Position }[] = [];
	readonly #backplane: LogReader['backplane'];
	#isEnding = false;
	readonly #done: Promise<void>;

	constructor(backplane: LogReader['backplane']) {
		this.#backplane = backplane;
		this.#done = this.#write();
	}

	async #write(): Promise<void> {
		for (let number = 1; !this.#isEnding; number++) {
			try {
				const position = await this.#backplane.append(topic, body(number));
				this.acknowledged.push({ number, position });
			} catch (error) {
				if (!isLiveError(error) || error.code !== 'UNAVAILABLE') throw error;
				await new Promise((resolve) => setImmediate(resolve));
			}
			// About as many as a busy topic has, and no more.
			await delay(1);
		}
	}

	/** Resolves when so many more were acknowledged. */
	async more(count: number): Promise<void> {
		const goal = this.acknowledged.length + count;
		while (this.acknowledged.length < goal) await new Promise((resolve) => setImmediate(resolve));
	}

	/** Resolves when the last one has an offset above, in another epoch. */
	async beyond({ epoch, offset }: Position): Promise<void> {
		const isBeyond = (last: Position | undefined): boolean =>
			last?.epoch !== epoch && (last?.offset ?? 0) > offset + 10;
		while (!isBeyond(this.acknowledged.at(-1)?.position)) await new Promise((resolve) => setImmediate(resolve));
	}

	async end(): Promise<void> {
		this.#isEnding = true;
		await this.#done;
	}

	[Symbol.asyncDispose](): Promise<void> {
		return this.end();
	}
}

/** What the log has, from its first event on. */
async function logOf(backplane: LogReader['backplane']): Promise<number[]> {
	const { epoch } = await backplane.head(topic);
	const result = await backplane.read(topic, { epoch, offset: 0 });
	expect(result.kind).toBe('events');
	return result.kind === 'events' ? result.entries.map(({ body }) => Number(body.split(',')[1])) : [];
}

async function listed<Item>(items: AsyncIterable<Item>): Promise<Item[]> {
	const all: Item[] = [];
	for await (const item of items) all.push(item);
	return all;
}

/** Null where it was refused. */
async function tryToAppend(backplane: LogReader['backplane'], data: unknown): Promise<Position | null> {
	try {
		return await backplane.append(topic, body(data));
	} catch {
		return null;
	}
}

const isReset =
	(before: number) =>
	({ resets }: LogReader): boolean =>
		resets > before;

describe.each(['empty', 'older data', 'its data'] as const)(
	'a NATS that is killed and started anew, with %s',
	(from) => {
		it('resets every reader, whether it was there or comes back later', TIME_FOR_RUNS, async () => {
			const server = await startServer();
			const [one, other] = [await startReader(server.url), await startReader(server.url)];
			await using writer = new Writer(one.backplane);
			for (let run = 0; run < RUNS; run++) {
				await writer.more(20);
				await server.kill();
				const copy = server.copy();
				await server.start();
				await writer.more(20);
				const before = other.position;
				const resets = [one.resets, other.resets];
				await server.kill();
				if (from === 'empty') server.clear();
				if (from === 'older data') server.restore(copy);
				await server.start();
				// As many as were lost, and more: the offsets of before are there again.
				await writer.beyond(before);
				await Promise.all([one.until(isReset(resets[0] ?? 0)), other.until(isReset(resets[1] ?? 0))]);
				expect(other.position.epoch).not.toBe(before.epoch);
				for (const offset of [1, before.offset - 10, before.offset]) {
					const late = await other.backplane.read(topic, { epoch: before.epoch, offset });
					expect(late).toEqual({ kind: 'reset', reason: 'epoch' });
				}
			}
			await writer.end();
			const log = await logOf(other.backplane);
			const last = writer.acknowledged.at(-1)!.position;
			const kept = writer.acknowledged.filter(
				({ position }) => from === 'its data' || position.epoch === last.epoch
			);
			for (const { number, position } of kept) expect(log[position.offset - 1]).toBe(number);
			expect(new Set(log).size).toBe(log.length);
			await one.backplane.append(topic, body(0));
			await other.until(({ seen }) => seen.at(-1)?.data === 0);
			expect(other.seen.map(({ data }) => data)).toEqual([...log, 0].slice(-other.seen.length));
		});
	}
);

describe('connections', () => {
	it('that break under load lose and repeat no event, and their readers go on', TIME_FOR_RUNS, async () => {
		const server = await startServer();
		await using proxy = await Proxy.start(() => server.port);
		const url = `nats://127.0.0.1:${proxy.port}`;
		const direct = await start(server.url);
		const [one, other] = [await startReader(url), await startReader(url)];
		await using writer = new Writer(one.backplane);
		for (let run = 0; run < RUNS; run++) {
			await writer.more(50);
			// Its answers are lost: the event is stored, and its writer does not know.
			proxy.hold('down');
			const known = (): number => writer.acknowledged.at(-1)?.position.offset ?? 0;
			await expect.poll(async () => (await direct.head(topic)).offset).toBeGreaterThan(known());
			proxy.reset();
			proxy.release();
			await Promise.all(
				[one, other].map((reader) => reader.until(({ statuses }) => statuses.length >= 2 * run + 2))
			);
		}
		await writer.more(50);
		await writer.end();
		const log = await logOf(other.backplane);
		for (const { number, position } of writer.acknowledged) expect(log[position.offset - 1]).toBe(number);
		expect(log).toEqual(upTo(log.length));
		await other.backplane.append(topic, body(0));
		for (const reader of [one, other]) {
			await reader.until(({ position }) => position.offset === log.length + 1);
			expect(reader.seen.map(({ data }) => data)).toEqual([...log, 0]);
			expect(reader.resets).toBe(0);
			await reader.backplane.stop();
		}
	});

	it('that the application opened are used, and left open', async () => {
		const server = await startServer();
		const connection = await stranger(server);
		const backplane = nats(connection);
		const delivered: unknown[] = [];
		await backplane.start((delivery) => delivered.push(delivery));
		await backplane.subscribe(topic);
		await backplane.append(topic, body(1));
		expect(delivered).toHaveLength(1);
		await backplane.stop();
		expect(connection.isClosed()).toBe(false);
	});

	it('that cannot be opened are refused with a reason and without the password', async () => {
		const server = await startServer();
		await server.kill();
		const backplane = nats(server.url.replace('//', '//ada:secret-word@'));
		const failure = (await Promise.resolve(backplane.start(() => {})).catch((error: unknown) => error)) as Error;
		expect(failure).toMatchObject({ code: 'UNAVAILABLE' });
		expect(failure.message).toMatch(/^NATS is unavailable: .*refused/);
		expect(JSON.stringify([failure.message, failure.stack, failure.cause ?? ''])).not.toContain('secret-word');
	});
});

describe('a NATS that hangs', () => {
	it('is answered for within the time allowed, and goes on when it is back', async () => {
		const server = await startServer();
		const reader = await startReader(server.url);
		const writer = await start(server.url, { timeoutMs: 500 });
		await writer.append(topic, body(1));
		await server.freeze();
		const beginning = performance.now();
		const refused = await Promise.allSettled([
			writer.append(topic, body(2)),
			writer.head(topic),
			writer.store.get('key'),
			writer.subscribe(topic)
		]);
		expect(performance.now() - beginning).toBeLessThan(1_500);
		for (const result of refused) expect(result).toMatchObject({ reason: { code: 'UNAVAILABLE' } });
		await expect(writer.append(topic, body(3))).rejects.toThrow(/was not stored/);
		await reader.until(({ statuses }) => statuses.at(-1)?.available === false);
		server.thaw();
		await reader.until(({ statuses }) => statuses.at(-1)?.available === true);
		await expect.poll(() => tryToAppend(writer, 4), { timeout: 15_000 }).not.toBeNull();
		await reader.until(({ seen }) => seen.at(-1)?.data === 4);
		// The second one was refused and may have been stored; the third one was not sent.
		expect([
			[1, 4],
			[1, 2, 4]
		]).toContainEqual(reader.seen.map(({ data }) => data));
		expect(reader.resets).toBe(0);
	});
});

describe('what somebody else publishes', () => {
	const POISON = ['', 'hello', 'null', '[]', '[1,"board/one","id","epoch",-1]', '[1,"other","id","epoch",0]\n"a",1'];

	it('to a log is dropped, and the next event goes behind it', async () => {
		const server = await startServer();
		const connection = await stranger(server);
		const reader = await startReader(server.url);
		const backplane = reader.backplane as NatsBackplane;
		await backplane.append(topic, body(1));
		const { epoch } = await backplane.head(topic);
		for (const [index, text] of POISON.entries()) {
			connection.publish(`tidewire.log.${tokenOf(topic)}`, text);
			await connection.flush();
			expect(await backplane.append(topic, body(index + 2))).toEqual({ epoch, offset: index + 2 });
		}
		expect(backplane.dropped).toBeGreaterThanOrEqual(POISON.length);
		await reader.until(({ seen }) => seen.length === POISON.length + 1);
		expect(reader.seen.map(({ data }) => data)).toEqual(upTo(POISON.length + 1));
		expect(await logOf(backplane)).toEqual(upTo(POISON.length + 1));
		expect((await backplane.head(topic)).epoch).toBe(epoch);
	});

	it('to those who listen is dropped, counted and reported', async () => {
		const server = await startServer();
		const connection = await stranger(server);
		const errors: unknown[] = [];
		const backplane = open(server.url, { onError: (error) => errors.push(error) });
		const reader = await new LogReader(backplane).start(topic);
		const subjects = ['log', 'now'].map((kind) => `tidewire.topic.${tokenOf(topic)}.${kind}`);
		for (const text of POISON) for (const subject of subjects) connection.publish(subject, text);
		await connection.flush();
		await backplane.append(topic, body(1));
		await reader.until(({ seen }) => seen.length === 1);
		expect(backplane.dropped).toBe(2 * POISON.length);
		expect(errors).toHaveLength(2 * POISON.length);
		expect(reader.resets).toBe(0);
	});

	it('to the bucket counts as nothing', async () => {
		const server = await startServer();
		const connection = await stranger(server);
		const backplane = await start(server.url);
		const bucket = await new Kvm(connection).open('tidewire');
		for (const [index, text] of POISON.entries()) {
			await bucket.put(`value.${tokenOf(`key ${index}`)}`, text);
			expect(await backplane.store.get(`key ${index}`)).toBeNull();
			expect(await backplane.store.put(`key ${index}`, 'ours', { ttlMs: null, version: 0 })).not.toBeNull();
			expect(await backplane.store.get(`key ${index}`)).toMatchObject({ value: 'ours' });
		}
	});
});

describe('a topic', () => {
	it('is read from any position, though several events are in one message', async () => {
		const server = await startServer();
		const [one, other] = [await start(server.url), await start(server.url)];
		for (const size of [1, 7, 1, 1, 30, 2, 1]) {
			const others = upTo(5).map((number) => other.append(encodeTopic(['other', number]), body(number)));
			await Promise.all([...upTo(size).map((number) => one.append(topic, body(number))), ...others]);
		}
		const { epoch, offset: head } = await other.head(topic);
		expect(head).toBe(43);
		const all = await other.read(topic, { epoch, offset: 0 });
		const entries = all.kind === 'events' ? all.entries : [];
		expect(entries.map(({ offset }) => offset)).toEqual(upTo(43));
		for (const offset of upTo(43)) {
			expect(await other.read(topic, { epoch, offset })).toEqual({
				kind: 'events',
				epoch,
				entries: entries.slice(offset)
			});
		}
	});

	it('that has nothing left is another one when it comes back', async () => {
		const server = await startServer();
		const backplane = await start(server.url, { idleMs: 300 });
		const before = await backplane.append(topic, body(1));
		const { streams } = await jetstreamManager(await stranger(server));
		const stream = await streams.get('tidewire-log');
		await expect.poll(async () => (await stream.info()).state.messages, { timeout: 10_000 }).toBe(0);
		expect(await backplane.read(topic, before)).toEqual({ kind: 'reset', reason: 'epoch' });
		const after = await backplane.append(topic, body(2));
		expect(after.offset).toBe(1);
		expect(after.epoch).not.toBe(before.epoch);
	});

	it('whose stream somebody removed begins anew', async () => {
		const server = await startServer();
		const reader = await startReader(server.url);
		const before = await reader.backplane.append(topic, body(1));
		const { streams } = await jetstreamManager(await stranger(server));
		await streams.delete('tidewire-log');
		const after = await expect
			.poll(() => tryToAppend(reader.backplane, 2), {
				timeout: 10_000
			})
			.not.toBeNull()
			.then(() => reader.backplane.head(topic));
		expect(after.epoch).not.toBe(before.epoch);
		await reader.until(isReset(0));
	});

	it('takes no more than it may keep waiting, and goes on when that is stored', async () => {
		const server = await startServer();
		const backplane = await start(server.url, { maxQueued: 3 });
		const append = async (number: number): Promise<Position> => backplane.append(topic, body(number));
		for (const _ of upTo(2)) {
			const results = await Promise.allSettled(upTo(5).map(append));
			expect(results.map(({ status }) => status)).toEqual([
				...['fulfilled', 'fulfilled', 'fulfilled'],
				...['rejected', 'rejected']
			]);
			expect(results[4]).toMatchObject({ reason: { code: 'UNAVAILABLE' } });
		}
	});

	it('takes no event that is larger than the server takes, and goes on', async () => {
		const server = await startServer();
		const backplane = await start(server.url);
		const large = body('x'.repeat(2 * 1024 * 1024));
		await expect(backplane.append(topic, large)).rejects.toMatchObject({ code: 'TOO_LARGE' });
		await expect(backplane.broadcast(topic, large, null)).rejects.toMatchObject({ code: 'TOO_LARGE' });
		expect((await backplane.append(topic, body(1))).offset).toBe(1);
	});
});

describe('the bucket', () => {
	it('is cleaned of what ended long ago, and of nothing else', async () => {
		const server = await startServer();
		const { store } = await start(server.url, { sweepMs: 300 });
		await store.put('kept', 'a', { ttlMs: null });
		await store.put('ended', 'a', { ttlMs: 1 });
		await store.put('removed', 'a', { ttlMs: null });
		await store.remove('removed');
		await store.enter('room', { member: 'ada', value: '' }, 1);
		await store.count([{ key: 'counter', by: 1, ttlMs: 60_000 }]);
		const bucket = await new Kvm(await stranger(server)).open('tidewire');
		const keys = async (): Promise<number> => (await listed(await bucket.keys('value.>'))).length;
		// "kept", and the lease of whoever cleans.
		await expect.poll(keys, { timeout: 10_000 }).toBeLessThanOrEqual(2);
		expect(await store.get('kept')).toMatchObject({ value: 'a' });
		expect(await store.count([{ key: 'counter', by: 0, ttlMs: 1 }])).toEqual([1]);
	});
});
