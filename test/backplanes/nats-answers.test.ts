// Whoever asks something of NATS is answered: with what is there, or with why not, within the time allowed. Also where others
// write all the time, and where the connection breaks, hangs, or is closed by the application in the middle of it.
import { describe, expect, it } from 'vitest';
import type { NatsConnectionLike } from '../../src/backplanes/nats/client.ts';
import { nats, type NatsBackplane } from '../../src/backplanes/nats/nats.ts';
import { encodeTopic } from '../../src/protocol/topic.ts';
import type { BackplaneStatus } from '../../src/server/backplane.ts';
import { atEnd, body, open, start, startServer, stranger, topic } from '../support/nats-tests.ts';
import type { NatsServer } from '../support/services/nats.ts';
import { Proxy } from '../torture/proxy.ts';

async function startBehindProxy(): Promise<{ server: NatsServer; proxy: Proxy; url: string }> {
	const server = await startServer();
	const proxy = await Proxy.start(() => server.port);
	atEnd(() => proxy[Symbol.asyncDispose]());
	return { server, proxy, url: `nats://127.0.0.1:${proxy.port}` };
}

const millisecondsOf = async (done: Promise<unknown>): Promise<number> => {
	const began = performance.now();
	await done;
	return performance.now() - began;
};

/** What each of them was refused with; null where it was not. */
async function refusals(asked: readonly unknown[]): Promise<unknown[]> {
	const results = await Promise.allSettled(asked);
	return results.map((result) => (result.status === 'rejected' ? (result.reason as { code?: string }).code : null));
}

describe('a group', () => {
	it('is listed whole, however often its members are entered anew meanwhile', async () => {
		const server = await startServer();
		const processes = await Promise.all([1, 2, 3].map(() => start(server.url, { timeoutMs: 1_000 })));
		const names = ['ada', 'ann', 'bob', 'dan', 'eve', 'kim'];
		const enter = (name: string, index: number): unknown =>
			processes[index % 3]!.store.enter('room', { member: name, value: '' }, 60_000);
		await Promise.all(names.map(enter));
		for (let round = 0; round < 200; round++) {
			const listing = [...processes, ...processes].map(async ({ store }) => store.members('room'));
			await Promise.all(names.map(enter));
			// Nobody enters any more: who waits for a message that was replaced waits in vain.
			for (const members of await Promise.all(listing)) {
				expect(members.map(({ member }) => member).toSorted()).toEqual(names);
			}
		}
	});

	it('of a thousand members is listed whole', async () => {
		const server = await startServer();
		const { store } = await start(server.url);
		const names = Array.from({ length: 1_100 }, (_, index) => `member ${index}`);
		await Promise.all(names.map(async (member) => store.enter('room', { member, value: member }, null)));
		const members = await store.members('room');
		expect(members.map(({ value }) => value).toSorted()).toEqual(names.toSorted());
		expect(await store.members('another room')).toEqual([]);
	});
});

describe('a listing', () => {
	/** Tells of every message of a listing that comes. */
	class Watched implements NatsConnectionLike {
		readonly #connection: NatsConnectionLike;
		readonly #onMessage: () => void;

		constructor(connection: NatsConnectionLike, onMessage: () => void) {
			this.#connection = connection;
			this.#onMessage = onMessage;
		}

		get info(): NatsConnectionLike['info'] {
			return this.#connection.info;
		}

		publish: NatsConnectionLike['publish'] = (...args) => this.#connection.publish(...args);

		subscribe: NatsConnectionLike['subscribe'] = (subject, { callback }) =>
			this.#connection.subscribe(subject, {
				callback: (error, message) => {
					if (subject.includes('.list.')) this.#onMessage();
					callback(error, message);
				}
			});

		status: NatsConnectionLike['status'] = () => this.#connection.status();

		close: NatsConnectionLike['close'] = () => this.#connection.close();
	}

	it('whose connection breaks between two messages is given up, and is whole when it is asked for again', async () => {
		const { server, proxy, url } = await startBehindProxy();
		const writer = await start(server.url);
		for (let number = 0; number < 100; number++) await writer.append(topic, body('x'.repeat(5_000)));
		const { epoch } = await writer.head(topic);
		let heard = 0;
		const breakOnce = (): void => {
			if (++heard === 3) proxy.reset();
		};
		const reader = await start(new Watched(await stranger(url), breakOnce), { timeoutMs: 1_000 });
		proxy.slice(8_192);
		const asked = reader.read(topic, { epoch, offset: 1 });
		expect(await millisecondsOf(Promise.allSettled([asked]))).toBeLessThan(4_000);
		await expect(asked).rejects.toMatchObject({ code: 'UNAVAILABLE' });
		expect(heard).toBeGreaterThanOrEqual(3);
		proxy.heal('release');
		const again = await reader.read(topic, { epoch, offset: 1 });
		expect(again.kind === 'events' ? again.entries : []).toHaveLength(99);
	});
});

describe('everybody is answered', () => {
	const TIMEOUT_MS = 300;
	/** Some take several questions, and each of them its time. */
	const WITHIN_MS = 8 * TIMEOUT_MS;

	const askAll = (backplane: NatsBackplane): unknown[] => {
		const { store } = backplane;
		const asked = [
			store.members('room'),
			store.enter('room', { member: 'bob', value: '' }, 1_000),
			store.leave('room', 'ada'),
			store.get('key'),
			store.put('key', 'value', { ttlMs: null }),
			store.touch('key', 1, 1_000),
			store.remove('key'),
			store.count([{ key: 'counter', by: 1, ttlMs: 1_000 }]),
			backplane.append(topic, body(1)),
			backplane.broadcast(topic, body(1), null),
			backplane.head(topic),
			backplane.read(topic, { epoch: 'other', offset: 0 }),
			backplane.subscribe(encodeTopic(['board', 'two']))
		];
		// Some are refused before the test comes to wait for them.
		for (const answer of asked) Promise.resolve(answer as unknown).catch(() => {});
		return asked;
	};

	type Broken = { server: NatsServer; proxy: Proxy };
	const FAULTS: Record<string, (broken: Broken) => unknown> = {
		'is half open': ({ proxy }) => proxy.hold('up', 'down'),
		'takes questions and loses answers': ({ proxy }) => proxy.hold('down'),
		'loses questions': ({ proxy }) => proxy.hold('up'),
		'is reset': ({ proxy }) => proxy.reset(),
		'is ended': ({ proxy }) => proxy.end(),
		'goes to a server that is frozen': ({ server }) => server.freeze(),
		'goes to a server that is killed': ({ server }) => server.kill()
	};

	it.each(Object.keys(FAULTS))('whose connection %s, at any moment', { timeout: 60_000 }, async (fault) => {
		const { server, proxy, url } = await startBehindProxy();
		const backplane = await start(url, { timeoutMs: TIMEOUT_MS });
		await backplane.subscribe(topic);
		await backplane.append(topic, body(0));
		await backplane.store.enter('room', { member: 'ada', value: '' }, null);
		// At once, and while questions and answers are on their way.
		for (const afterMs of [0, 5]) {
			const asked = askAll(backplane);
			proxy.delay(afterMs && 5);
			await new Promise((resolve) => setTimeout(resolve, afterMs));
			await FAULTS[fault]!({ server, proxy });
			const more = askAll(backplane);
			expect(await millisecondsOf(Promise.allSettled([...asked, ...more]))).toBeLessThan(WITHIN_MS);
			for (const code of await refusals([...asked, ...more])) expect([null, 'UNAVAILABLE']).toContain(code);
			server.thaw();
			if (fault.includes('killed')) await server.start();
			proxy.heal('reset');
			await expect.poll(() => refusals([backplane.store.members('room')]), { timeout: 10_000 }).toEqual([null]);
		}
	});

	it('by a connection that the application drains, and the process goes on', async () => {
		const server = await startServer();
		const connection = await stranger(server.url);
		const backplane = open(connection, { timeoutMs: TIMEOUT_MS });
		const statuses: BackplaneStatus[] = [];
		await backplane.start(
			() => {},
			(status) => statuses.push(status)
		);
		await backplane.append(topic, body(0));
		const drained = connection.drain();
		const codes = await refusals(askAll(backplane));
		await drained;
		for (const code of codes) expect([null, 'UNAVAILABLE']).toContain(code);
		const late = await refusals(askAll(backplane));
		expect(new Set(late)).toEqual(new Set(['UNAVAILABLE']));
		await expect.poll(() => statuses.at(-1)?.available).toBe(false);
	});

	it('though whoever hears of its connection throws', async () => {
		const { proxy, url } = await startBehindProxy();
		const errors: unknown[] = [];
		const backplane = open(url, { timeoutMs: TIMEOUT_MS, onError: (error) => errors.push(error) });
		await backplane.start(
			() => {},
			() => {
				throw new Error('a broken listener');
			}
		);
		for (const heard of [2, 4]) {
			proxy.reset();
			await expect.poll(() => errors.length, { timeout: 10_000 }).toBe(heard);
			expect(await refusals([backplane.append(topic, body(heard))])).toEqual([null]);
		}
	});

	it('who puts more into the store than the server takes in one message, and the process goes on', async () => {
		const server = await startServer();
		const { store } = await start(server.url, { timeoutMs: TIMEOUT_MS });
		const value = 'x'.repeat(1024 * 1024);
		const asked = [store.put('key', value, { ttlMs: null }), store.enter('room', { member: 'ada', value }, null)];
		expect(await refusals(asked)).toEqual(['TOO_LARGE', 'TOO_LARGE']);
		expect(await store.get('key')).toBeNull();
	});

	it('who starts or stops while nothing gets through', async () => {
		const { proxy, url } = await startBehindProxy();
		const backplane = nats(url, { timeoutMs: TIMEOUT_MS });
		await backplane.start(() => {});
		proxy.hold('up', 'down');
		expect(await millisecondsOf(Promise.resolve(backplane.stop()))).toBeLessThan(WITHIN_MS);
		const started = refusals([nats(url, { timeoutMs: TIMEOUT_MS }).start(() => {})]);
		expect(await millisecondsOf(started)).toBeLessThan(WITHIN_MS);
		expect(await started).toEqual(['UNAVAILABLE']);
	});
});
