// What becomes of readers and writers when Redis is killed, stopped, put back from a snapshot, replaced by a replica, or
// written to by somebody else.
import { afterEach, describe, expect, it } from 'vitest';
import { isLiveError } from '../../src/base/errors.ts';
import { redis, type RedisBackplane } from '../../src/backplanes/redis/redis.ts';
import type { RedisOptions } from '../../src/backplanes/redis/options.ts';
import { encodeTopic } from '../../src/protocol/topic.ts';
import type { Position } from '../../src/protocol/position.ts';
import { LogReader } from '../support/log-reader.ts';
import { LIBRARIES, makeClient, type Library } from '../support/redis-clients.ts';
import { RedisServer } from '../support/services/redis.ts';

/** How often histories that depend on the moment are played. */
const RUNS = Number(process.env['TIDEWIRE_RUNS'] ?? 3);
const TIME_FOR_RUNS = 30_000 + RUNS * 3_000;
const topic = encodeTopic(['board', 'one']);
const cleanups: (() => Promise<void>)[] = [];

afterEach(async () => {
	for (const cleanup of cleanups.splice(0).toReversed()) await cleanup();
});

async function startServer(settings: string[] = []): Promise<RedisServer> {
	const server = await RedisServer.start(settings);
	cleanups.push(() => server[Symbol.asyncDispose]());
	return server;
}

function open(server: RedisServer, library: Library, options: RedisOptions = {}): RedisBackplane {
	const backplane = redis(makeClient(library, server.url), options);
	cleanups.push(async () => backplane.stop());
	return backplane;
}

const startReader = (server: RedisServer, library: Library): Promise<LogReader> =>
	new LogReader(open(server, library, { events: 1_000_000, bytes: 1e9 })).start(topic);

const upTo = (count: number): number[] => Array.from({ length: count }, (_, index) => index + 1);

/** Appends one event after another until it is told to end; those that are refused are tried no more. */
class Writer {
	readonly acknowledged: { number: number; position: Position }[] = [];
	readonly #backplane: RedisBackplane;
	#isEnding = false;
	#done: Promise<void> | null = null;

	constructor(backplane: RedisBackplane) {
		this.#backplane = backplane;
	}

	start(): this {
		this.#done = this.#write();
		return this;
	}

	async #write(): Promise<void> {
		for (let number = 1; !this.#isEnding; number++) {
			try {
				const position = await this.#backplane.append(topic, `"created",${number}`);
				this.acknowledged.push({ number, position });
			} catch (error) {
				if (!isLiveError(error) || error.code !== 'UNAVAILABLE') throw error;
				await new Promise((resolve) => setImmediate(resolve));
			}
		}
	}

	/** Resolves when so many more were acknowledged. */
	async more(count: number): Promise<void> {
		const goal = this.acknowledged.length + count;
		while (this.acknowledged.length < goal) await new Promise((resolve) => setImmediate(resolve));
	}

	async end(): Promise<void> {
		this.#isEnding = true;
		await this.#done;
	}
}

/** How many events can still be read. */
async function keptBy(backplane: RedisBackplane): Promise<number> {
	const { epoch, offset: head } = await backplane.head(topic);
	let [evicted, readable] = [-1, head];
	while (readable - evicted > 1) {
		const offset = Math.floor((evicted + readable) / 2);
		const { kind } = await backplane.read(topic, { epoch, offset });
		if (kind === 'events') readable = offset;
		else evicted = offset;
	}
	return head - readable;
}

/** What the log has of an epoch, from its first event on. */
async function logOf(backplane: RedisBackplane, epoch: string): Promise<unknown[]> {
	const result = await backplane.read(topic, { epoch, offset: 0 });
	expect(result.kind).toBe('events');
	return result.kind === 'events' ? result.entries.map(({ body }) => Number(body.split(',')[1])) : [];
}

describe.each(LIBRARIES)('with %s', (library) => {
	describe.each(['empty', 'snapshot'] as const)('a Redis that is started anew, from %s', (from) => {
		it(
			'resets every reader, whether it was there or comes back later, also while events are appended',
			{ timeout: TIME_FOR_RUNS },
			async () => {
				const server = await startServer();
				const [one, other] = [await startReader(server, library), await startReader(server, library)];
				const writer = new Writer(one.backplane as RedisBackplane).start();
				for (let run = 0; run < RUNS; run++) {
					await writer.more(20);
					await server.snapshot();
					await writer.more(20);
					const before = other.position;
					const resets = [one.resets, other.resets];
					await server.restart(from);
					// As many as were lost, and more: the offsets of before are there again.
					await writer.more(before.offset + 10);
					await Promise.all([one.until(isReset(resets[0] ?? 0)), other.until(isReset(resets[1] ?? 0))]);
					expect(other.position.epoch).not.toBe(before.epoch);
					for (const offset of [1, before.offset - 10, before.offset]) {
						const late = await other.backplane.read(topic, { epoch: before.epoch, offset });
						expect(late).toEqual({ kind: 'reset', reason: 'epoch' });
					}
				}
				await writer.end();
				const last = writer.acknowledged.at(-1)!.position;
				const ofLast = writer.acknowledged.filter(({ position }) => position.epoch === last.epoch);
				const log = await logOf(other.backplane as RedisBackplane, last.epoch);
				for (const { number, position } of ofLast) expect(log[position.offset - 1]).toBe(number);
				await other.until(({ position }) => position.offset === log.length);
				expect(other.seen.map(({ data }) => data)).toEqual(log.slice(-other.seen.length));
			}
		);
	});

	it('stays connected while both connections answer', async () => {
		const server = await startServer();
		const reader = await startReader(server, library);
		const pings = async (): Promise<number> => {
			const stats = await server.command('INFO', 'commandstats');
			return Number(/cmdstat_ping:calls=(\d+)/.exec(stats)?.[1]);
		};
		const before = await pings();
		await expect.poll(pings, { timeout: 10_000 }).toBeGreaterThanOrEqual(before + 4);
		await reader.backplane.append(topic, '"created",1');
		await reader.until(({ seen }) => seen.length === 1);
		expect(reader.statuses).toEqual([]);
	});

	it('loses and repeats no event when connections are cut under load', { timeout: TIME_FOR_RUNS }, async () => {
		const server = await startServer();
		const [one, other] = [await startReader(server, library), await startReader(server, library)];
		const writer = new Writer(one.backplane as RedisBackplane).start();
		for (let run = 0; run < RUNS; run++) {
			await writer.more(50);
			await server.command('CLIENT', 'KILL', 'TYPE', run % 2 ? 'pubsub' : 'normal');
			await one.until(({ statuses }) => statuses.length >= 2 * run + 2);
		}
		await writer.more(50);
		await writer.end();
		const { epoch } = writer.acknowledged[0]!.position;
		const log = await logOf(other.backplane as RedisBackplane, epoch);
		for (const { number, position } of writer.acknowledged) {
			expect(position.epoch).toBe(epoch);
			expect(log[position.offset - 1]).toBe(number);
		}
		expect(new Set(log).size).toBe(log.length);
		await other.backplane.append(topic, '"created",0');
		for (const reader of [one, other]) {
			await reader.until(({ position }) => position.offset === log.length + 1);
			expect(reader.seen.map(({ data }) => data)).toEqual([...log, 0]);
			expect(reader.resets).toBe(0);
		}
	});

	it('answers within the time allowed when Redis hangs, and goes on when it is back', async () => {
		const server = await startServer();
		const reader = await startReader(server, library);
		const writer = open(server, library, { timeoutMs: 500 });
		await writer.start(() => {});
		await writer.append(topic, '"created",1');
		server.pause();
		const beginning = performance.now();
		const refused = await Promise.allSettled([
			writer.append(topic, '"created",2'),
			writer.broadcast(topic, '"moved",1', null),
			writer.head(topic),
			writer.store.get('key'),
			writer.subscribe(topic)
		]);
		expect(performance.now() - beginning).toBeLessThan(1_500);
		for (const { status, ...rest } of refused) {
			expect(status).toBe('rejected');
			expect(rest).toMatchObject({ reason: { code: 'UNAVAILABLE' } });
		}
		await expect(writer.append(topic, '"created",3')).rejects.toMatchObject({ code: 'UNAVAILABLE' });
		await reader.until(({ statuses }) => statuses.at(-1)?.available === false);
		server.resume();
		await reader.until(({ statuses }) => statuses.at(-1)?.available === true);
		await expect
			.poll(() => writer.append(topic, '"created",4').catch(() => null), { timeout: 15_000 })
			.not.toBeNull();
		await reader.until(({ seen }) => seen.at(-1)?.data === 4);
		// The second one and the broadcast were refused and may have taken place; the third one was not sent.
		const data = reader.seen.filter(({ offset }) => offset > 0).map(({ data }) => data);
		expect([
			[1, 4],
			[1, 2, 4]
		]).toContainEqual(data);
		expect(reader.resets).toBe(0);
	});

	it('says why Redis cannot be reached, without the password', async () => {
		const server = await startServer();
		const url = `redis://:secret-word@127.0.0.1:${server.port}`;
		await server.command('CONFIG', 'SET', 'requirepass', 'another');
		const backplane = redis(makeClient(library, url));
		const failure = (await Promise.resolve(backplane.start(() => {})).catch((error: unknown) => error)) as Error;
		expect(failure).toMatchObject({ code: 'UNAVAILABLE' });
		expect(failure.message).toMatch(/^Redis is unavailable: .*(WRONGPASS|invalid)/);
		expect(JSON.stringify([failure.message, failure.stack, failure.cause ?? ''])).not.toContain('secret-word');
	});
});

const isReset =
	(before: number) =>
	({ resets }: LogReader): boolean =>
		resets > before;

describe('a replica that is promoted', () => {
	it('is a new epoch, and so is the former master that is promoted again', async () => {
		const settings = ['--repl-diskless-sync-delay', '0'];
		const [master, replica] = [await startServer(settings), await startServer(settings)];
		const [onMaster, onReplica] = [open(master, 'ioredis'), open(replica, 'ioredis')];
		await Promise.all([onMaster.start(() => {}), onReplica.start(() => {})]);
		await replica.command('REPLICAOF', '127.0.0.1', String(master.port));
		await expect.poll(() => replica.command('ROLE'), { timeout: 10_000 }).toContain('connected');
		const first = await onMaster.append(topic, '"created",1');
		await master.command('WAIT', '1', '1000');
		await replica.command('REPLICAOF', 'NO', 'ONE');
		const second = await onReplica.append(topic, '"created",2');
		expect(second).toMatchObject({ offset: 1 });
		expect(await onReplica.read(topic, first)).toEqual({ kind: 'reset', reason: 'epoch' });
		await master.command('REPLICAOF', '127.0.0.1', String(replica.port));
		await expect.poll(() => master.command('ROLE'), { timeout: 10_000 }).toContain('connected');
		await replica.command('WAIT', '1', '1000');
		await master.command('REPLICAOF', 'NO', 'ONE');
		const third = await expect
			.poll(() => onMaster.append(topic, '"created",3').catch(() => null))
			.not.toBeNull()
			.then(() => onMaster.head(topic));
		expect(new Set([first.epoch, second.epoch, third.epoch]).size).toBe(3);
		expect(await onMaster.read(topic, first)).toEqual({ kind: 'reset', reason: 'epoch' });
	});
});

describe('a topic', () => {
	const start = async (options: RedisOptions = {}): Promise<{ server: RedisServer; backplane: RedisBackplane }> => {
		const server = await startServer();
		const backplane = open(server, 'ioredis', options);
		await backplane.start(() => {});
		return { server, backplane };
	};

	it('that was removed from Redis is another one when it comes back', async () => {
		const { server, backplane } = await start();
		const before = await backplane.append(topic, '"created",1');
		await server.command('FLUSHALL');
		const after = await backplane.append(topic, '"created",2');
		expect(after.epoch).not.toBe(before.epoch);
		expect(await backplane.read(topic, before)).toEqual({ kind: 'reset', reason: 'epoch' });
	});

	it('that nobody used for a while is forgotten, and what it was is not mistaken for what comes after', async () => {
		const { server, backplane } = await start({ idleMs: 200 });
		const before = await backplane.append(topic, '"created",1');
		await expect.poll(() => server.command('DBSIZE')).toBe(':0');
		const after = await backplane.append(topic, '"created",2');
		expect(after).toMatchObject({ offset: 1 });
		expect(after.epoch).not.toBe(before.epoch);
	});

	it('keeps about as many bytes as it may', async () => {
		const { backplane } = await start({ bytes: 100_000 });
		const text = 'x'.repeat(1_000);
		const first = await backplane.append(topic, `"created","${text}"`);
		await Promise.all(upTo(1_000).map(() => backplane.append(topic, `"created","${text}"`)));
		for (const _ of upTo(20)) await backplane.append(topic, `"created","${text}"`);
		expect(await backplane.read(topic, first)).toEqual({ kind: 'reset', reason: 'evicted' });
		const kept = await keptBy(backplane);
		expect(kept).toBeGreaterThan(80);
		expect(kept).toBeLessThan(250);
	});

	it('keeps events about as long as it may', async () => {
		const { server, backplane } = await start({ ageMs: 200 });
		const first = await backplane.append(topic, '"created",1');
		await Promise.all(upTo(500).map((number) => backplane.append(topic, `"created",${number}`)));
		expect(await keptBy(backplane)).toBe(501);
		const seldom = async (): Promise<number> => {
			await backplane.append(topic, '"created",0');
			return keptBy(backplane);
		};
		await expect.poll(seldom, { timeout: 5_000 }).toBeLessThan(200);
		expect(await backplane.read(topic, first)).toEqual({ kind: 'reset', reason: 'evicted' });
		const length = (): Promise<string> => server.command('XLEN', 'tidewire:{board/one}:s');
		await expect.poll(length, { timeout: 5_000 }).toBe(':0');
		expect(await backplane.head(topic)).toMatchObject({ epoch: first.epoch });
	});

	it.each(['SET', 'XADD'])('whose keys somebody else wrote to with %s begins anew, and works', async (command) => {
		const { server, backplane } = await start();
		const before = await backplane.append(topic, '"created",1');
		const key = 'tidewire:{board/one}:s';
		if (command === 'XADD') await server.command('XADD', key, '7-0', 'b', 'foreign');
		else await server.command('SET', key, 'foreign');
		expect(await backplane.read(topic, { ...before, offset: 0 })).toMatchObject(
			command === 'XADD' ? { kind: 'events' } : { kind: 'reset' }
		);
		const after = await backplane.append(topic, '"created",2');
		expect(after.offset).toBe(1);
		expect(after.epoch).not.toBe(before.epoch);
		await server.command('SET', 'tidewire:{board/one}:m', 'foreign');
		const again = await backplane.append(topic, '"created",3');
		expect(again.offset).toBe(1);
		expect(again.epoch).not.toBe(after.epoch);
	});

	it('goes on where the server has forgotten the scripts', async () => {
		const { server, backplane } = await start();
		await backplane.append(topic, '"created",1');
		await server.command('SCRIPT', 'FLUSH');
		expect(await backplane.append(topic, '"created",2')).toMatchObject({ offset: 2 });
		expect(await backplane.store.put('key', 'value', { ttlMs: null })).toBeGreaterThan(0);
	});

	it('with a brace in its name has all its keys in one slot, and one with the same beginning has others', async () => {
		const { backplane } = await start();
		const names = ['}', '}x', 'a}b', 'a}c', '{', 'a%7Db'].map((name) => encodeTopic(name));
		for (const name of names) expect((await backplane.append(name, '"created",1')).offset).toBe(1);
	});
});

describe('messages that somebody else publishes on our channels', () => {
	it('are dropped, counted and reported, and disturb nobody', async () => {
		const server = await startServer();
		const errors: unknown[] = [];
		const backplane = open(server, 'ioredis', { onError: (error) => errors.push(error) });
		const reader = await new LogReader(backplane).start(topic);
		const { epoch } = await backplane.append(topic, '"created",1');
		const poison = [
			'hello',
			'',
			'e\n',
			'e  1\n"created",1',
			`e ${epoch} 0\n"created",0`,
			`e ${epoch} 2\n`,
			`e ${epoch} 2\nnull`,
			`e ${epoch} 2\n"created",2\n[]`,
			`e ${epoch} 2\n\u0001nonsense`,
			`b x\nnot json\n"moved",1`,
			'b x\n5\n"moved",1',
			'b x\nnull',
			'{"type":"event"}'
		];
		for (const message of poison) await server.command('PUBLISH', 'tidewire:{board/one}', message);
		await backplane.append(topic, '"created",2');
		await expect.poll(() => backplane.dropped).toBe(poison.length);
		expect(errors).toHaveLength(poison.length);
		expect(reader.seen.map(({ data }) => data)).toEqual([1, 2]);
		expect(reader.resets).toBe(0);
	});

	it('are found out where they look like ours and are not in the log', async () => {
		const server = await startServer();
		const reader = await startReader(server, 'ioredis');
		await reader.backplane.append(topic, '"created",1');
		await server.command('PUBLISH', 'tidewire:{board/one}', 'e another 2\n"created",2');
		await reader.backplane.append(topic, '"created",3');
		await reader.until(({ seen }) => seen.length === 2);
		expect(reader.seen.map(({ data }) => data)).toEqual([1, 3]);
	});
});

describe('what waits', () => {
	it('is bounded, and the excess is refused at once', async () => {
		const server = await startServer();
		const backplane = open(server, 'ioredis', { maxQueued: 10 });
		await backplane.start(() => {});
		const appended = await Promise.allSettled(
			upTo(12).map((number) => backplane.append(topic, `"created",${number}`))
		);
		expect(appended.map(({ status }) => status).filter((status) => status === 'rejected')).toHaveLength(2);
		expect(appended.at(-1)).toMatchObject({ reason: { code: 'UNAVAILABLE' } });
		expect((await backplane.append(topic, '"created",13')).offset).toBe(11);
	});
});
