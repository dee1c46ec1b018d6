import { afterEach, describe, expect, it } from 'vitest';
import { LiveError } from '../../base/errors.ts';
import { guard, live } from '../../live/live.ts';
import { createTestEnv } from '../../testing/test-env.ts';
import type { TestClient } from '../../testing/test-client.ts';
import type { UploadOptions } from './define-upload.ts';
import type { UploadedFile } from './file.ts';

const KIB = 1024;
const reported: unknown[] = [];
const env = createTestEnv({ onError: (_, error) => reported.push(error), limits: { uploads: 2 } });
afterEach(async () => {
	await env.cleanup();
	const unexpected = reported.splice(0);
	if (unexpected.length > 0) throw new Error('an error was reported', { cause: unexpected });
});

/** Bytes that differ from place to place. */
function bytesOf(length: number): Uint8Array<ArrayBuffer> {
	return Uint8Array.from({ length }, (_, index) => (index * 31 + (index >> 8)) % 251);
}

/** What a handler does, step by step, at the test's pace. */
class Stepped {
	readonly pieces: Uint8Array[] = [];
	runs = 0;
	error: unknown;
	/** What it answers in the end, instead of the number of bytes. */
	refuse: LiveError | undefined;
	signal: AbortSignal | undefined;
	#gate: (() => void)[] = [];
	#passes = 0;
	#open = false;

	async take(file: UploadedFile, signal: AbortSignal): Promise<number> {
		this.runs++;
		this.signal = signal;
		try {
			await this.#pass();
			for await (const piece of file.stream()) {
				this.pieces.push(piece);
				await this.#pass();
			}
		} catch (error) {
			this.error = error;
			throw error;
		}
		if (this.refuse) throw this.refuse;
		return this.bytes;
	}

	#pass(): Promise<void> | undefined {
		if (this.#open || this.#passes-- > 0) return undefined;
		this.#passes = 0;
		return new Promise((resolve) => this.#gate.push(resolve));
	}

	/** Lets it do one step. */
	step(): void {
		const pass = this.#gate.shift();
		if (pass) pass();
		else this.#passes++;
	}

	/** Lets it go on without waiting. */
	flow(): void {
		this.#open = true;
		for (const pass of this.#gate.splice(0)) pass();
	}

	get bytes(): number {
		return this.pieces.reduce((sum, piece) => sum + piece.length, 0);
	}

	get joined(): Uint8Array {
		return new Uint8Array(this.pieces.flatMap((piece) => [...piece]));
	}
}

/** Reads of a Blob take passes of the real event loop. */
async function until(reached: () => boolean): Promise<void> {
	for (let passes = 0; !reached(); passes++) {
		if (passes > 2_000) throw new Error('it did not come to that');
		await env.settle();
	}
}

function stepped(options: UploadOptions = {}): {
	handler: Stepped;
	client: TestClient;
	attach: ReturnType<typeof make>;
} {
	const handler = new Stepped();
	const attach = make(handler, options);
	env.register('files', { attach });
	return { handler, attach, client: env.connect({ id: 'ann' }) };
}

function make(handler: Stepped, options: UploadOptions) {
	return live.upload((ctx, file: UploadedFile) => handler.take(file, ctx.abortSignal), options);
}

/** An upload whose connection was lost, and which is refused to go on for a time when that is back. */
async function refused(forMs: number) {
	const handler = new Stepped();
	const attach = make(handler, {});
	let untilMs = 0;
	const _guard = guard(() => {
		const retryAfterMs = untilMs - env.now;
		asked.push(env.now);
		if (retryAfterMs > 0) throw new LiveError('OVERLOADED', 'later', { retryAfterMs });
	});
	const asked: number[] = [];
	env.register('files', { attach, _guard });
	const client = env.connect({ id: 'ann' });
	const task = client.upload(attach, bytesOf(600 * KIB));
	void task.catch(() => {});
	await until(() => task.sentBytes === 256 * KIB);
	client.disconnect();
	await env.settle();
	untilMs = env.now + forMs;
	await client.reconnect();
	await env.settle();
	return { handler, client, task, asked };
}

const code = (error: unknown): unknown => (error as LiveError).code;

describe('an upload', () => {
	it('brings a file as it comes, with its name, its type and the arguments, and what the function returns', async () => {
		const seen: unknown[] = [];
		const attach = live.upload(async (ctx, file, ...args: [card: string, at: Date]) => {
			seen.push([ctx.user, file.name, file.type, file.size, ...args]);
			return (await file.bytes()).slice(-3);
		});
		env.register('files', { attach });
		const content = bytesOf(700 * KIB);
		const file = new File([content], 'tide.png', { type: 'image/png' });
		const task = env.connect({ id: 'ann' }).upload(attach, file, 'c1', new Date(5));
		expect([task.size, task.progress]).toEqual([700 * KIB, 0]);
		expect(await task).toEqual(content.slice(-3));
		expect(seen).toEqual([[{ id: 'ann' }, 'tide.png', 'image/png', 700 * KIB, 'c1', new Date(5)]]);
		expect([task.progress, task.sentBytes]).toEqual([1, 700 * KIB]);
	});

	it('may be empty', async () => {
		const { handler, attach, client } = stepped();
		handler.flow();
		const task = client.upload(attach, new Uint8Array());
		expect(task.progress).toBe(0);
		expect(await task).toBe(0);
		expect(task.progress).toBe(1);
	});

	it('takes no more than a window that the handler has not read', async () => {
		const { handler, attach, client } = stepped();
		const content = bytesOf(1_000 * KIB);
		const seen: number[] = [];
		const task = client.upload(attach, content);
		task.onProgress(() => seen.push(task.receivedBytes));
		await until(() => task.sentBytes === 256 * KIB);
		for (let pass = 0; pass < 20; pass++) await env.settle();
		expect(task.sentBytes).toBe(256 * KIB);
		for (let step = 0; step < 3; step++) handler.step();
		await until(() => handler.pieces.length === 3);
		expect(task.sentBytes).toBeLessThanOrEqual(256 * KIB + handler.bytes);
		handler.flow();
		expect(await task).toBe(1_000 * KIB);
		expect(handler.joined).toEqual(content);
		expect(seen).toEqual(seen.toSorted((one, other) => one - other));
		expect(new Set(seen).size).toBeGreaterThan(4);
	});

	it.each(Array.from({ length: 16 }, (_, index) => 512 + 16 * index))(
		'of %d KiB comes whole, however slowly its handler takes it',
		async (size) => {
			const { handler, attach, client } = stepped();
			const task = client.upload(attach, bytesOf(size * KIB + 1));
			const answers: unknown[] = [];
			void task.then((answer) => answers.push(answer));
			for (let step = 0; step < 400 && answers.length === 0; step++) {
				handler.step();
				for (let pass = 0; pass < 5; pass++) await env.settle();
			}
			expect(answers).toEqual([size * KIB + 1]);
		}
	);

	it('that is aborted rejects, and its handler is told', async () => {
		const { handler, attach, client } = stepped();
		const task = client.upload(attach, bytesOf(600 * KIB));
		await until(() => task.sentBytes > 0);
		task.abort();
		await expect(task).rejects.toMatchObject({ code: 'CANCELLED' });
		handler.flow();
		await until(() => handler.error !== undefined);
		expect(code(handler.error)).toBe('CANCELLED');
		expect(handler.signal?.aborted).toBe(true);
		expect(await client.call('files/nothing').catch(code)).toBe('NOT_FOUND'); // the connection goes on
	});

	it('ends when the function answers, whatever is still to come', async () => {
		const peek = live.upload(async (_, file) => {
			for await (const piece of file.stream()) return piece[1];
			return undefined;
		});
		env.register('files', { peek });
		const client = env.connect({ id: 'ann' });
		expect(await client.upload(peek, bytesOf(2_000 * KIB))).toBe(31);
		expect(await client.upload(peek, bytesOf(300))).toBe(31);
	});

	it('passes on what the handler throws, and nothing that was not meant for the client', async () => {
		const full = live.upload(() => {
			throw new LiveError('CONFLICT', 'the card is full');
		});
		const broken = live.upload(async (_, file) => {
			await file.bytes();
			throw new Error('a secret');
		});
		env.register('files', { full, broken });
		const client = env.connect({ id: 'ann' });
		await expect(client.upload(full, bytesOf(10))).rejects.toMatchObject({ code: 'CONFLICT' });
		await expect(client.upload(broken, bytesOf(10))).rejects.toMatchObject({ code: 'INTERNAL' });
		expect(reported.splice(0)).toMatchObject([{ message: 'a secret' }]);
	});
});

describe('an upload whose connection is lost', () => {
	it('goes on where the server is, with the same run of the handler', async () => {
		const { handler, attach, client } = stepped();
		const content = bytesOf(900 * KIB);
		const task = client.upload(attach, content);
		await until(() => task.sentBytes === 256 * KIB);
		handler.step();
		handler.step();
		client.disconnect();
		await env.settle();
		await env.advance(5_000);
		expect([task.progress < 1, handler.error]).toEqual([true, undefined]);
		await client.reconnect();
		handler.flow();
		expect(await task).toBe(900 * KIB);
		expect([handler.runs, handler.joined]).toEqual([1, content]);
	});

	it('goes on after many losses, at any moment', async () => {
		const { handler, attach, client } = stepped();
		const content = bytesOf(600 * KIB);
		const task = client.upload(attach, content);
		handler.flow();
		for (let loss = 1; loss <= 8; loss++) {
			await until(() => task.sentBytes > loss * 40 * KIB);
			client.disconnect();
			await env.settle();
			await client.reconnect();
		}
		expect(await task).toBe(600 * KIB);
		expect([handler.runs, handler.joined]).toEqual([1, content]);
	});

	it('gets the answer that was lost with the connection', async () => {
		const { handler, attach, client } = stepped();
		const task = client.upload(attach, bytesOf(10));
		await until(() => task.sentBytes === 10);
		client.disconnect();
		handler.flow();
		await until(() => handler.bytes === 10);
		await env.advance(29_000);
		await client.reconnect();
		expect(await task).toBe(10);
		expect(handler.runs).toBe(1);
	});

	it('is given up when its client does not come back in time', async () => {
		const { handler, attach, client } = stepped({ graceMs: 2_000 });
		const task = client.upload(attach, bytesOf(600 * KIB));
		const ended = task.catch(code);
		await until(() => task.sentBytes === 256 * KIB);
		client.disconnect();
		await env.settle();
		await env.advance(1_999);
		expect(handler.signal?.aborted).toBe(false);
		await env.advance(1);
		handler.flow();
		await env.settle();
		expect(handler.error).toMatchObject({
			code: 'CONNECTION_LOST',
			message: 'the client did not come back within 2000 ms; the limit is "graceMs"'
		});
		await client.reconnect();
		expect(await ended).toBe('CONNECTION_LOST');
		expect(handler.runs).toBe(1);
	});

	it('begins anew where the function may run again', async () => {
		const { handler, attach, client } = stepped({ graceMs: 2_000, restartable: true });
		const content = bytesOf(600 * KIB);
		const task = client.upload(attach, content);
		await until(() => task.sentBytes === 256 * KIB);
		client.disconnect();
		await env.settle();
		await env.advance(3_000);
		handler.flow();
		await env.settle();
		handler.pieces.length = 0;
		await client.reconnect();
		expect(await task).toBe(600 * KIB);
		expect([handler.runs, handler.joined]).toEqual([2, content]);
	});

	it('is nobody else’s to go on with', async () => {
		const { attach, client } = stepped();
		const mallory = env.connect({ id: 'mallory' });
		const task = client.upload(attach, bytesOf(10));
		void task.catch(() => {});
		await until(() => task.sentBytes === 10);
		await mallory.call('files/nothing').catch(() => {});
		const answers: unknown[] = [];
		mallory.client.extend(({ link, answers: waiting }) => {
			const id = link.nextId();
			waiting.set(id, { resolve: () => answers.push('resolved'), reject: (error) => answers.push(error.code) });
			link.send(`["upload",${id},"files/attach",["aaaaaaaaaaaa",10,"","",1],[]]`);
			return {};
		});
		await until(() => answers.length > 0);
		expect(answers).toEqual(['CONNECTION_LOST']);
	});

	it('waits for a client, but not for more than so many of a user', async () => {
		const { attach, client } = stepped();
		const tasks = [1, 2].map(() => client.upload(attach, bytesOf(10)));
		await until(() => tasks.every((task) => task.sentBytes === 10));
		client.disconnect();
		const other = env.connect({ id: 'ann' });
		const third = other.upload(attach, bytesOf(10));
		await until(() => third.sentBytes === 10);
		other.disconnect();
		await env.settle();
		const ended = tasks.map((task) => task.then(() => 'ok', code));
		void third.catch(() => {});
		await client.reconnect();
		expect(await ended[0]).toBe('CONNECTION_LOST');
	});

	it('waits as long as the server says that refuses to go on with it, however often the connection comes back', async () => {
		const { handler, client, task, asked } = await refused(5_000);
		await env.advance(3_000);
		client.disconnect();
		await env.settle();
		await client.reconnect();
		await env.advance(1_999);
		expect(asked).toHaveLength(2);
		await env.advance(1);
		handler.flow();
		expect(await task).toBe(600 * KIB);
		expect([handler.runs, asked.length]).toEqual([1, 3]);
	});

	it('waits for the connection, too, where that is away when its time has come', async () => {
		const { handler, client, task } = await refused(5_000);
		client.disconnect();
		await env.advance(5_000);
		handler.flow();
		await client.reconnect();
		expect(await task).toBe(600 * KIB);
	});

	it('can be aborted while it waits', async () => {
		const { task, asked } = await refused(5_000);
		task.abort();
		await expect(task).rejects.toMatchObject({ code: 'CANCELLED' });
		await env.advance(5_000);
		expect(asked).toHaveLength(2);
	});

	it('rejects at once where it would have to wait longer than for a connection', async () => {
		const { task } = await refused(60_000);
		await expect(task).rejects.toMatchObject({
			code: 'CONNECTION_LOST',
			cause: { code: 'OVERLOADED', retryAfterMs: 60_000 }
		});
	});

	it('does not wait where that is what the function itself has answered', async () => {
		const { handler, attach, client } = stepped();
		handler.refuse = new LiveError('RATE_LIMITED', 'the quota is used up', { retryAfterMs: 5_000 });
		const task = client.upload(attach, bytesOf(10));
		await until(() => task.sentBytes === 10);
		client.disconnect();
		handler.flow();
		await env.settle();
		await client.reconnect();
		await expect(task).rejects.toMatchObject({ code: 'RATE_LIMITED' });
	});

	it('rejects when the client is closed', async () => {
		const { attach, client } = stepped();
		const task = client.upload(attach, bytesOf(10));
		const ended = task.catch(code);
		await until(() => task.sentBytes === 10);
		client.close();
		expect(await ended).toBe('CONNECTION_LOST');
		expect(await client.upload(attach, bytesOf(10)).catch(code)).toBe('CLOSED');
	});

	it('that found none rejects after a while', async () => {
		const { attach, client } = stepped();
		client.disconnect();
		const ended = client.upload(attach, bytesOf(10)).catch(code);
		await env.advance(36_000);
		expect(await ended).toBe('UNAVAILABLE');
	});
});

describe('limits of uploads', () => {
	it('a file that is too large is refused before any of it is sent', async () => {
		const small = live.upload((_, file) => file.size, { maxSize: 100 });
		const usual = live.upload((_, file) => file.size);
		env.register('files', { small, usual });
		const client = env.connect({ id: 'ann' });
		const task = client.upload(small, bytesOf(101));
		await expect(task).rejects.toMatchObject({
			code: 'TOO_LARGE',
			message: '101 bytes; the limit "maxSize" of "files/small" is 100'
		});
		expect(task.sentBytes).toBe(0);
		expect(await client.upload(small, bytesOf(100))).toBe(100);
		await expect(client.upload(usual, new Uint8Array(10 * KIB * KIB + 1))).rejects.toMatchObject({
			code: 'TOO_LARGE',
			message: '10485761 bytes; the limit "uploadBytes" is 10485760'
		});
	});

	it('a file of another type is refused', async () => {
		const picture = live.upload((_, file) => file.type, { types: ['image/*', 'application/pdf'] });
		env.register('files', { picture });
		const client = env.connect({ id: 'ann' });
		const send = (type: string) => client.upload(picture, new Blob(['x'], { type })).catch(code);
		expect(await send('image/png')).toBe('image/png');
		expect(await send('application/pdf;version=1')).toBe('application/pdf;version=1');
		for (const type of ['text/plain', '', 'imagex/png', 'application/pdfx'])
			expect(await send(type)).toBe('VALIDATION');
	});

	it('one that may not begin is refused as any call, however soon it might', async () => {
		const attach = live.rateLimit(
			{ points: 1, window: 1_000 },
			live.upload((_, file) => file.bytes().then(String))
		);
		env.register('files', { attach });
		const client = env.connect({ id: 'ann' });
		await client.upload(attach, bytesOf(1));
		await expect(client.upload(attach, bytesOf(1))).rejects.toMatchObject({ code: 'RATE_LIMITED' });
	});

	it('so many at a time, and again when one has ended', async () => {
		const { handler, attach, client } = stepped();
		const first = [1, 2].map(() => client.upload(attach, bytesOf(10)));
		await until(() => first.every((task) => task.sentBytes === 10));
		await expect(client.upload(attach, bytesOf(10))).rejects.toMatchObject({
			code: 'TOO_MANY',
			message: 'the connection has 2 uploads; the limit is "uploads"'
		});
		handler.flow();
		await Promise.all(first);
		expect(await client.upload(attach, bytesOf(10))).toBe(30);
	});

	it('a handler that does not read runs out of time, and one that goes on does not', async () => {
		const { handler, attach, client } = stepped({ idleMs: 1_000 });
		const task = client.upload(attach, bytesOf(900 * KIB));
		const ended = task.catch(code);
		await until(() => task.sentBytes === 256 * KIB);
		for (let step = 0; step < 5; step++) {
			await env.advance(900);
			handler.step();
			await env.settle();
		}
		expect(handler.error).toBeUndefined();
		await env.advance(1_000);
		expect(await ended).toBe('TIMEOUT');
		handler.flow();
		await until(() => handler.error !== undefined);
		expect(code(handler.error)).toBe('TIMEOUT');
	});

	it('options that make no sense are refused where they are written', () => {
		expect(() => live.upload(() => {}, { maxSize: 0 })).toThrow('"maxSize" must be a number above 0');
		expect(() => live.upload({} as never)).toThrow('live.upload() takes a function, not object');
	});
});

describe('the budget of a caller', () => {
	it('is spent by calls with bytes, uploads, generators and volatile calls alike', async () => {
		const limited = createTestEnv({ rateLimit: { points: 4, window: 1_000 } });
		const ran: string[] = [];
		const run = (name: string): void => void ran.push(name);
		const bytes = live.binary(() => run('bytes'));
		const file = live.upload(() => run('file'));
		const point = live.volatile(() => run('point'));
		const values = live.generate(() => (run('values'), [1]));
		limited.register('files', { bytes, file, point, values });
		const client = limited.connect({ id: 'ann' });
		await client.binary(bytes, bytesOf(1));
		await client.upload(file, bytesOf(1));
		await client.generate(values)[Symbol.asyncIterator]().next();
		client.volatile(point);
		client.volatile(point);
		await limited.settle();
		expect(ran).toEqual(['bytes', 'file', 'values', 'point']);
		const refused = [
			client.binary(bytes, bytesOf(1)),
			client.binary(bytes, bytesOf(100 * KIB)),
			client.upload(file, bytesOf(1)),
			client.generate(values)[Symbol.asyncIterator]().next()
		].map((answer) => answer.then(() => 'ran', code));
		expect(await Promise.all(refused)).toEqual(refused.map(() => 'RATE_LIMITED'));
		await limited.cleanup();
	});
});

describe('a shutdown', () => {
	it('lets uploads finish', async () => {
		const { handler, attach, client } = stepped();
		const task = client.upload(attach, bytesOf(900 * KIB));
		await until(() => task.sentBytes === 256 * KIB);
		const drained = env.server.drain(10_000);
		handler.flow();
		expect(await task).toBe(900 * KIB);
		await env.advance(10_000);
		await drained;
	});

	it('ends those that take too long, and waits for no client that is away', async () => {
		const { handler, attach, client } = stepped();
		const away = client.upload(attach, bytesOf(900 * KIB));
		void away.catch(() => {});
		await until(() => away.sentBytes === 256 * KIB);
		client.disconnect();
		await env.settle();
		handler.step();
		handler.step();
		const drained = env.server.drain(10_000);
		handler.flow();
		await drained; // no time passes
		expect(code(handler.error)).toBe('GOING_AWAY');
	});
});

describe('a call with bytes', () => {
	it('brings them as they are, small or large, and its arguments', async () => {
		const sum = live.binary((ctx, bytes, ...[name, extra]: [string, Set<number>]) => {
			const user = (ctx.user as { id: string }).id;
			return [user, bytes.length, bytes.at(-1), name, extra.size];
		});
		env.register('files', { sum });
		const client = env.connect({ id: 'ann' });
		for (const length of [1, 1_000, 60 * KIB, 66 * KIB, 900 * KIB]) {
			const content = bytesOf(length);
			expect(await client.binary(sum, content, 'x', new Set([1]))).toEqual([
				'ann',
				length,
				content.at(-1),
				'x',
				1
			]);
		}
		expect(await client.binary(sum, new Blob(['abc']), 'blob', new Set())).toEqual(['ann', 3, 99, 'blob', 0]);
		expect(await client.binary(sum, new Uint16Array([1, 2]).subarray(1), 'view', new Set())).toEqual([
			'ann',
			2,
			0,
			'view',
			0
		]);
	});

	it('takes no more than its limit', async () => {
		const small = live.binary((_, bytes) => bytes.length, { maxSize: 100 });
		env.register('files', { small });
		const client = env.connect({ id: 'ann' });
		expect(await client.binary(small, bytesOf(100))).toBe(100);
		for (const length of [101, 100 * KIB])
			await expect(client.binary(small, bytesOf(length))).rejects.toMatchObject({ code: 'TOO_LARGE' });
	});

	it('that lost its connection is not sent again where it may have run', async () => {
		let runs = 0;
		const slow = live.binary(() => {
			runs++;
			return new Promise(() => {});
		});
		env.register('files', { slow });
		const client = env.connect({ id: 'ann' });
		const ended = client.binary(slow, bytesOf(10)).catch(code);
		await until(() => runs === 1);
		client.disconnect();
		expect(await ended).toBe('CONNECTION_LOST');
		await client.reconnect();
		await env.settle();
		expect(runs).toBe(1);
	});

	it('is refused where the function takes none, and a function that takes some refuses a call without', async () => {
		const plain = live(() => 'ran');
		const bytes = live.binary(() => 'ran');
		env.register('files', { plain, bytes });
		const client = env.connect({ id: 'ann' });
		for (const length of [10, 100 * KIB])
			await expect(client.binary(plain as never, bytesOf(length))).rejects.toMatchObject({ code: 'BAD_REQUEST' });
		await expect(client.call('files/bytes')).rejects.toMatchObject({ code: 'BAD_REQUEST' });
	});
});
