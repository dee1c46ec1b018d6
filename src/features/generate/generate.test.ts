import { afterEach, describe, expect, it } from 'vitest';
import { LiveError } from '../../base/errors.ts';
import { memory } from '../../backplanes/memory/memory.ts';
import { live } from '../../live/live.ts';
import { createTestEnv } from '../../testing/test-env.ts';
import { DEFAULT_LIMITS } from '../../protocol/limits.ts';
import { FIRST_BYTES, FIRST_VALUES } from '../../protocol/values.ts';

const reported: unknown[] = [];
const ended: string[] = [];
const calls: string[] = [];
const env = createTestEnv({ onError: (_, error) => reported.push(error) });
afterEach(async () => {
	await env.cleanup();
	const unexpected = reported.splice(0);
	if (unexpected.length > 0) throw new Error('an error was reported', { cause: unexpected });
	ended.length = 0;
});

/** Notes how often it was asked for a value, and when it was ended. */
function counting(name: string) {
	let asked = 0;
	const numbers = live.generate(async function* (_, most: number) {
		try {
			for (; asked < most; asked++) yield asked;
		} finally {
			ended.push(name);
		}
	});
	return { numbers, asked: () => asked };
}

const code = (error: unknown): unknown => (error as LiveError).code;

async function allOf<Value>(values: AsyncIterable<Value>): Promise<Value[]> {
	const all: Value[] = [];
	for await (const value of values) all.push(value);
	return all;
}

const ann = { id: 'ann' };

describe('a function that answers with many values', () => {
	it('gives them in order, of any kind, with the arguments and the user', async () => {
		const search = live.generate(async function* (ctx, words: string[], since: Date) {
			yield { user: ctx.user, since };
			for (const word of words) yield word;
			yield new Map([[1, undefined]]);
		});
		env.register('search', { search });
		const values = env.connect(ann).generate(search, ['a', 'b'], new Date(5));
		const expected = [{ user: ann, since: new Date(5) }, 'a', 'b', new Map([[1, undefined]])];
		expect(await allOf(values)).toEqual(expected);
		expect(await allOf(values)).toEqual(expected); // each loop is a call
	});

	it('may be a list, or something that is on its way', async () => {
		const list = live.generate(() => [1, 2]);
		const later = live.generate(async () => new Set(['a']));
		env.register('search', { list, later });
		expect(await allOf(env.connect(ann).generate(list))).toEqual([1, 2]);
		expect(await allOf(env.connect(ann).generate(later))).toEqual(['a']);
	});

	it('is asked as its values are taken, and a few ahead', async () => {
		const { numbers, asked } = counting('numbers');
		env.register('search', { numbers });
		const iterator = env.connect(ann).generate(numbers, 1_000)[Symbol.asyncIterator]();
		await env.settle();
		expect(asked()).toBe(0); // nothing is asked for before somebody wants it
		expect(await iterator.next()).toEqual({ done: false, value: 0 });
		await env.settle();
		expect(asked()).toBe(FIRST_VALUES - 1);
		for (let taken = 1; taken < 100; taken++) expect((await iterator.next()).value).toBe(taken);
		await env.settle();
		expect(asked()).toBeGreaterThanOrEqual(100);
		expect(asked()).toBeLessThanOrEqual(100 + FIRST_VALUES);
	});

	it('is ended when the loop is left, and its connection goes on', async () => {
		const { numbers, asked } = counting('numbers');
		env.register('search', { numbers });
		const client = env.connect(ann);
		for await (const value of client.generate(numbers, 1_000)) if (value === 3) break;
		await env.settle();
		expect(ended).toEqual(['numbers']);
		expect(asked()).toBeLessThan(3 + FIRST_VALUES);
		expect(await client.call('search/nothing').catch(code)).toBe('NOT_FOUND');
	});

	it('is told when the loop is left while it works', async () => {
		let signal: AbortSignal | undefined;
		const slow = live.generate(async function* (ctx) {
			signal = ctx.abortSignal;
			yield 1;
			await new Promise((resolve) => ctx.abortSignal.addEventListener('abort', resolve));
			ended.push('slow');
			yield 2;
		});
		env.register('search', { slow });
		for await (const _ of env.connect(ann).generate(slow)) break;
		await env.settle();
		expect([signal?.aborted, ended]).toEqual([true, ['slow']]);
	});

	it('throws at its place in the loop what the handler throws, and no secret', async () => {
		const failing = live.generate(async function* (_, known: boolean) {
			yield 'one';
			throw known ? new LiveError('CONFLICT', 'taken') : new Error('a secret');
		});
		env.register('search', { failing });
		for (const [known, expected] of [
			[true, 'CONFLICT'],
			[false, 'INTERNAL']
		] as const) {
			const iterator = env.connect(ann).generate(failing, known)[Symbol.asyncIterator]();
			expect(await iterator.next()).toEqual({ done: false, value: 'one' });
			expect(await iterator.next().catch(code)).toBe(expected);
			expect(await iterator.next()).toEqual({ done: true, value: undefined });
		}
		expect(reported.splice(0)).toMatchObject([{ message: 'a secret' }]);
	});

	it('fails where it yields what cannot be sent, and is ended', async () => {
		const odd = live.generate(async function* () {
			try {
				yield (): void => {};
			} finally {
				ended.push('odd');
			}
		});
		const nothing = live.generate((() => 5) as never);
		env.register('search', { odd, nothing });
		expect(await allOf(env.connect(ann).generate(odd)).catch(code)).toBe('INTERNAL');
		expect(await allOf(env.connect(ann).generate(nothing)).catch(code)).toBe('INTERNAL');
		expect(ended).toEqual(['odd']);
		expect(reported.splice(0)).toHaveLength(2);
	});

	it('throws CONNECTION_LOST, behind what came, when the connection is lost', async () => {
		const { numbers } = counting('numbers');
		env.register('search', { numbers });
		const client = env.connect(ann);
		const iterator = client.generate(numbers, 1_000)[Symbol.asyncIterator]();
		await iterator.next();
		await env.settle();
		client.disconnect();
		await env.settle();
		expect(ended).toEqual(['numbers']);
		for (let value = 1; value < FIRST_VALUES; value++)
			expect(await iterator.next()).toEqual({ done: false, value });
		expect(await iterator.next().catch(code)).toBe('CONNECTION_LOST');
		const waiting = client.generate(numbers, 1_000)[Symbol.asyncIterator]().next();
		await client.reconnect();
		expect((await waiting).done).toBe(false); // what was not sent waits for the connection
	});

	it('gives up where there is no connection for long, and when the client is closed', async () => {
		const { numbers } = counting('numbers');
		env.register('search', { numbers });
		const client = env.connect(ann);
		client.disconnect();
		const offline = client.generate(numbers, 5)[Symbol.asyncIterator]().next().catch(code);
		await env.advance(36_000);
		expect(await offline).toBe('UNAVAILABLE');
		client.close();
		expect(await allOf(client.generate(numbers, 5)).catch(code)).toBe('CLOSED');
	});

	it('may take longer than a call, but not be idle for so long', async () => {
		let wake: () => void = () => {};
		const slow = live.generate(
			async function* () {
				for (let value = 0; ; value++) {
					await new Promise<void>((resolve) => (wake = resolve));
					yield value;
				}
			},
			{ idleMs: 60_000 }
		);
		env.register('search', { slow });
		const iterator = env.connect(ann).generate(slow)[Symbol.asyncIterator]();
		for (let value = 0; value < 3; value++) {
			const next = iterator.next();
			await env.advance(59_000);
			wake();
			expect(await next).toEqual({ done: false, value });
		}
		const late = iterator.next().catch(code);
		await env.advance(61_000);
		expect(await late).toBe('TIMEOUT');
		wake();
	});

	it('is ended where its client wants nothing more for long', async () => {
		const { numbers } = counting('numbers');
		env.register('search', { numbers });
		const iterator = env.connect(ann).generate(numbers, 1_000)[Symbol.asyncIterator]();
		await iterator.next();
		await env.advance(DEFAULT_LIMITS.callTimeoutMs);
		expect(ended).toEqual(['numbers']);
	});

	it('passes middleware, guards and schemas before its first value', async () => {
		live.middleware(async (ctx, next) => {
			calls.push(ctx.path);
			return next();
		});
		const word = {
			'~standard': { version: 1, vendor: 'test', validate: (value: unknown) => ({ value: `${String(value)}!` }) }
		} as const;
		const loud = live.generate([word], async function* (_, text) {
			yield text;
		});
		env.register('search', { loud });
		expect(await allOf(env.connect(ann).generate(loud as never, 'a'))).toEqual(['a!']);
		expect(calls).toEqual(['search/loud']);
	});

	it('sends what it published before the value', async () => {
		const said = live.stream('said', () => [] as { id: number }[]);
		const talk = live.generate(async function* (ctx) {
			ctx.publish(said.topic(), 'created', { id: 1 });
			yield 'said';
		});
		env.register('talk', { said, talk });
		const client = env.connect(ann);
		const list = client.subscribe(said);
		await list.ready;
		for await (const _ of client.generate(talk)) expect(list.value).toEqual([{ id: 1 }]);
	});

	it('waits for a log that takes its time', async () => {
		const log = memory();
		const append = log.append.bind(log);
		let isStored = false;
		log.append = async (topic, body) => {
			// Longer than a value is on its way.
			for (let pass = 0; pass < 50; pass++) await new Promise((resolve) => setImmediate(resolve));
			isStored = true;
			return append(topic, body);
		};
		const slow = createTestEnv({ backplane: () => log });
		const said = live.stream('said', () => []);
		const talk = live.generate(async function* (ctx) {
			ctx.publish(said.topic(), 'created', { id: 1 } as never);
			yield 'said';
		});
		slow.register('talk', { said, talk });
		for await (const _ of slow.connect(ann).generate(talk)) expect(isStored).toBe(true);
		await slow.cleanup();
	});

	it('finishes while the server shuts down', async () => {
		const { numbers } = counting('numbers');
		env.register('search', { numbers });
		const client = env.connect(ann);
		const iterator = client.generate(numbers, 40)[Symbol.asyncIterator]();
		await iterator.next();
		const drained = env.server.drain(10_000);
		let last: IteratorResult<number> = await iterator.next();
		while (!last.done) last = await iterator.next();
		await drained;
		expect(ended).toEqual(['numbers']);
	});
});

describe('a download', () => {
	const content = Uint8Array.from({ length: 900 * 1024 }, (_, index) => (index * 7) % 253);

	it('gives the bytes as a loop, a stream and a blob', async () => {
		const film = live.download(async function* (_, part: number) {
			for (let at = 0; at < content.length; at += part) yield content.subarray(at, at + part);
		});
		env.register('films', { film });
		const file = env.connect(ann).download(film, 10_000);
		const parts = await allOf(file);
		expect(parts.every((part) => part instanceof Uint8Array)).toBe(true);
		expect(Buffer.concat(parts).equals(content)).toBe(true);
		const streamed = await new Response(file.stream()).arrayBuffer();
		expect(Buffer.from(streamed).equals(content)).toBe(true);
		const blob = await file.blob('video/mp4');
		expect([blob.size, blob.type]).toEqual([content.length, 'video/mp4']);
	});

	it('may be yielded at once, and comes in parts', async () => {
		const whole = live.download(() => [content, new Uint8Array()]);
		env.register('films', { whole });
		const parts = await allOf(env.connect(ann).download(whole));
		expect(Math.max(...parts.map((part) => part.length))).toBe(64 * 1024);
		expect(Buffer.concat(parts).equals(content)).toBe(true);
	});

	it('is read as fast as it is taken', async () => {
		let read = 0;
		const film = live.download(async function* () {
			try {
				for (; read < 100; read++) yield new Uint8Array(32 * 1024);
			} finally {
				ended.push('film');
			}
		});
		env.register('films', { film });
		const reader = env.connect(ann).download(film).stream().getReader();
		await env.settle();
		expect(read).toBe(0);
		await reader.read();
		await env.settle();
		expect(read).toBe(FIRST_BYTES / 1024 / 32 - 1);
		for (let taken = 0; taken < 20; taken++) await reader.read();
		await env.settle();
		expect(read).toBeLessThan(32);
		await reader.cancel();
		await env.settle();
		expect(ended).toEqual(['film']);
	});

	it('fails where something else than bytes is yielded', async () => {
		const text = live.download((() => ['text']) as never);
		env.register('films', { text });
		expect(await env.connect(ann).download(text).blob().catch(code)).toBe('INTERNAL');
		expect(reported.splice(0)).toMatchObject([{ message: '"films/text" must yield bytes, as Uint8Array' }]);
	});

	it('throws when the connection is lost', async () => {
		const film = live.download(async function* () {
			for (;;) yield content;
		});
		env.register('films', { film });
		const client = env.connect(ann);
		const reader = client.download(film).stream().getReader();
		await reader.read();
		client.disconnect();
		const failure = (async () => {
			for (;;) await reader.read();
		})();
		expect(await failure.catch(code)).toBe('CONNECTION_LOST');
	});
});
