// What stands in NATS: logs that several processes write, others publish to, and somebody removes, and the bucket.
import { jetstreamManager } from '@nats-io/jetstream';
import { Kvm } from '@nats-io/kv';
import { describe, expect, it } from 'vitest';
import { tokenOf } from '../../src/backplanes/nats/names.ts';
import type { NatsBackplane } from '../../src/backplanes/nats/nats.ts';
import type { Position } from '../../src/protocol/position.ts';
import { encodeTopic } from '../../src/protocol/topic.ts';
import { LogReader } from '../support/log-reader.ts';
import {
	body,
	isReset,
	logOf,
	open,
	RUNS,
	start,
	startReader,
	startServer,
	stranger,
	topic,
	tryToAppend,
	upTo
} from '../support/nats-tests.ts';

describe('what somebody else publishes', () => {
	const POISON = ['', 'hello', 'null', '[]', '[1,"board/one","id","epoch",-1]', '[1,"other","id","epoch",0]\n"a",1'];

	it('to a log is dropped, and the next event goes behind it', async () => {
		const server = await startServer();
		const connection = await stranger(server.url);
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
		const connection = await stranger(server.url);
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
		const connection = await stranger(server.url);
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
		const { streams } = await jetstreamManager(await stranger(server.url));
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
		const { streams } = await jetstreamManager(await stranger(server.url));
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

	it('is written in turns by a process that reads it and one that does not', async () => {
		const server = await startServer();
		const [one, other] = [await start(server.url), await start(server.url)];
		await other.subscribe(topic);
		const ending = new AbortController();
		let others = 0;
		const busy = (async () => {
			while (!ending.signal.aborted) {
				await other.append(topic, body(0));
				others++;
			}
		})();
		for (const number of upTo(300)) await one.append(topic, body(number));
		ending.abort();
		await busy;
		// Who always knew it later would come to write once while the other one does it twenty times.
		expect(others).toBeLessThan(300 * 10);
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

it('is one log and one bucket for processes that start on an empty server at the same time', async () => {
	const server = await startServer();
	for (let run = 0; run < RUNS; run++) {
		const prefix = `together${run}`;
		const all = await Promise.all(upTo(8).map(() => start(server.url, { prefix })));
		const offsets = await Promise.all(all.map(async (each) => (await each.append(topic, body(1))).offset));
		expect(offsets.toSorted((one, other) => one - other)).toEqual(upTo(8));
	}
});

it('does not start where a stream of somebody else takes its subjects, and says so', async () => {
	const server = await startServer();
	const jetStream = await jetstreamManager(await stranger(server.url));
	await jetStream.streams.add({ name: 'foreign', subjects: ['tidewire.log.>'] });
	await expect(open(server.url).start(() => {})).rejects.toThrow(
		'the stream "tidewire-log": subjects overlap with an existing stream'
	);
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
		const { streams } = await jetstreamManager(await stranger(server.url));
		const keys = async (): Promise<number> => {
			const { state } = await streams.info('KV_tidewire', { subjects_filter: '$KV.tidewire.value.>' });
			return Object.keys(state.subjects ?? {}).length;
		};
		// "kept", and the lease of whoever cleans.
		await expect.poll(keys, { timeout: 10_000 }).toBeLessThanOrEqual(2);
		expect(await store.get('kept')).toMatchObject({ value: 'a' });
		expect(await store.count([{ key: 'counter', by: 0, ttlMs: 1 }])).toEqual([1]);
	});
});
