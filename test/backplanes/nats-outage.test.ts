// What becomes of readers and writers when NATS is killed, hangs, loses its data or goes back to older ones, and when
// answers are lost.
import { describe, expect, it } from 'vitest';
import { nats } from '../../src/backplanes/nats/nats.ts';
import {
	body,
	isReset,
	logOf,
	RUNS,
	start,
	startReader,
	startServer,
	stranger,
	TIME_FOR_RUNS,
	topic,
	tryToAppend,
	upTo
} from '../support/nats-tests.ts';
import { Writer } from '../support/writer.ts';
import { Proxy } from '../torture/proxy.ts';

describe.each(['empty', 'older data', 'its data'] as const)(
	'a NATS that is killed and started anew, with %s',
	(from) => {
		it('resets every reader, whether it was there or comes back later', TIME_FOR_RUNS, async () => {
			const server = await startServer();
			const [one, other] = [await startReader(server.url), await startReader(server.url)];
			await using writer = new Writer(one.backplane, topic);
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
		await using writer = new Writer(one.backplane, topic);
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
		const connection = await stranger(server.url);
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
