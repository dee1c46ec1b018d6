// What the server core relies on in every transport, as tests that run on real sockets. A transport passes when every
// test resolves.

import assert from 'node:assert/strict';
import { Frame } from '../server/frame.ts';
import type { SocketEvents, TransportSocket } from '../server/transport.ts';

/** A client of the transport under test. */
export interface RawClient {
	send(message: string | Uint8Array): void;
	/** The next message, in order. */
	next(): Promise<string | Uint8Array>;
	/** Leaves what comes in unread, as a slow or a hostile peer does. */
	stopReading(): void;
	startReading(): void;
	close(code: number, reason: string): void;
	/** Ends without a word. */
	vanish(): void;
	/** How the connection ended, as the client saw it. */
	readonly closed: Promise<{ code: number; reason: string }>;
}

export interface TransportHarness {
	/** Connects a new client to a running transport that hands its connections to `accept`. */
	connect(accept: (socket: TransportSocket) => SocketEvents): Promise<RawClient>;
}

export interface ContractTest {
	title: string;
	run: () => Promise<void>;
}

/** Both ends of one connection, and everything that the transport reported. */
interface Pair {
	client: RawClient;
	socket: TransportSocket;
	log: Report[];
	/** Resolves when a report of this kind came, also when it came already. */
	reported: (kind: Report['kind'], count?: number) => Promise<void>;
}

type Report =
	| { kind: 'message'; data: string | Uint8Array }
	| { kind: 'drained' }
	| { kind: 'closed'; code: number; reason: string };

/** Makes more output than any kernel buffers for a peer that does not read. */
const FLOOD = { frames: 64, bytes: 256 * 1024 };

export function transportContract(harness: TransportHarness): ContractTest[] {
	const test = (title: string, run: (pair: Pair) => Promise<void>): ContractTest => ({
		title,
		run: async () => run(await connectPair(harness))
	});
	return [...messageTests(test), ...outputTests(test), ...binaryTests(test), ...closingTests(test)];
}

type Define = (title: string, run: (pair: Pair) => Promise<void>) => ContractTest;

function messageTests(test: Define): ContractTest[] {
	return [
		test('text arrives as a string, bytes as bytes, in order', async ({ client, log, reported }) => {
			client.send('first ✓');
			client.send(new Uint8Array([0, 255, 7]));
			client.send('last');
			await reported('message', 3);
			const received = log.map((report) => (report.kind === 'message' ? report.data : report.kind));
			assert.equal(received[0], 'first ✓');
			assert.deepEqual([...(received[1] as Uint8Array)], [0, 255, 7]);
			assert.equal(received[2], 'last');
		}),
		test('a paused connection reports no message until it is resumed', async ({
			client,
			socket,
			log,
			reported
		}) => {
			socket.pause();
			client.send('early');
			socket.send([new Frame('meanwhile')]);
			assert.equal(await client.next(), 'meanwhile');
			assert.deepEqual(log, []);
			socket.resume();
			await reported('message');
			assert.deepEqual(log, [{ kind: 'message', data: 'early' }]);
		}),
		test('a connection has the address of its peer', async ({ socket }) => {
			assert.match(socket.remoteAddress ?? '', /[\d:.]+/);
		})
	];
}

function outputTests(test: Define): ContractTest[] {
	return [
		test('frames sent together are one message, joined by line ends', async ({ client, socket }) => {
			socket.send([new Frame('["a"]'), new Frame('["ü"]'), new Frame('["c"]')]);
			assert.equal(await client.next(), '["a"]\n["ü"]\n["c"]');
		}),
		test('no frames are no message', async ({ client, socket }) => {
			socket.send([]);
			socket.send([new Frame('after')]);
			assert.equal(await client.next(), 'after');
		}),
		test('a shared frame may be sent any number of times', async ({ client, socket }) => {
			const shared = new Frame('["gëteilt"]');
			for (let time = 0; time < 3; time++) socket.send([shared]);
			for (let time = 0; time < 3; time++) assert.equal(await client.next(), '["gëteilt"]');
		}),
		...[0, 1, 125, 126, 65_535, 65_536, 70_000].map((length) =>
			test(`a message of ${length} bytes arrives whole, in ASCII and beyond`, async ({ client, socket }) => {
				const ascii = 'x'.repeat(length);
				const wide = `${'é'.repeat(length >> 1)}${length % 2 ? 'x' : ''}`;
				for (const text of [ascii, ascii, wide, wide]) {
					socket.send([new Frame(text)]);
					assert.equal(await client.next(), text);
				}
			})
		),
		test('output that nobody reads is counted, and reported when it has left', async (pair) => {
			const { client, socket, log, reported } = pair;
			client.stopReading();
			const frame = new Frame('x'.repeat(FLOOD.bytes));
			for (let count = 0; count < FLOOD.frames; count++) socket.send([frame]);
			assert.ok(socket.bufferedBytes > 1024 * 1024, `${socket.bufferedBytes} bytes are counted`);
			assert.deepEqual(log, []);
			client.startReading();
			await reported('drained');
			assert.equal(socket.bufferedBytes, 0);
			assert.deepEqual(log, [{ kind: 'drained' }]);
		})
	];
}

function binaryTests(test: Define): ContractTest[] {
	return [
		...[0, 1, 125, 126, 65_536, 200_000].map((length) =>
			test(`${length} bytes arrive as a message of their own, between those of text`, async ({
				client,
				socket
			}) => {
				const bytes = Uint8Array.from({ length }, (_, index) => index % 251);
				socket.send([new Frame('before')]);
				socket.sendMessage(bytes);
				socket.send([new Frame('after')]);
				assert.equal(await client.next(), 'before');
				const received = await client.next();
				assert.ok(typeof received !== 'string', 'bytes came as text');
				assert.deepEqual(Buffer.from(received), Buffer.from(bytes));
				assert.equal(await client.next(), 'after');
			})
		),
		test('bytes that nobody reads are counted, and reported when they have left', async (pair) => {
			const { client, socket, log, reported } = pair;
			client.stopReading();
			const bytes = new Uint8Array(FLOOD.bytes);
			for (let count = 0; count < FLOOD.frames; count++) socket.sendMessage(bytes);
			assert.ok(socket.bufferedBytes > 1024 * 1024, `${socket.bufferedBytes} bytes are counted`);
			client.startReading();
			await reported('drained');
			assert.deepEqual([socket.bufferedBytes, log], [0, [{ kind: 'drained' }]]);
		})
	];
}

function closingTests(test: Define): ContractTest[] {
	return [
		test('a close by the client is reported with its code and reason', async ({ client, log, reported }) => {
			client.close(4001, 'enough');
			await reported('closed');
			assert.deepEqual(log, [{ kind: 'closed', code: 4001, reason: 'enough' }]);
		}),
		test('everything sent before a close arrives before it', async ({ client, socket, log, reported }) => {
			socket.send([new Frame('goodbye')]);
			socket.close(4400, 'that is why');
			assert.equal(await client.next(), 'goodbye');
			assert.deepEqual(await client.closed, { code: 4400, reason: 'that is why' });
			await reported('closed');
			assert.equal(log.filter(({ kind }) => kind === 'closed').length, 1);
		}),
		test('a reason that is too long for a close frame is cut', async ({ client, socket }) => {
			socket.close(4400, 'ü'.repeat(200));
			const { code, reason } = await client.closed;
			assert.equal(code, 4400);
			assert.match(reason, /^ü+/);
		}),
		test('a paused connection can be closed', async ({ client, socket, reported }) => {
			socket.pause();
			socket.close(1001, 'going');
			assert.equal((await client.closed).code, 1001);
			await reported('closed');
		}),
		test('a terminated connection is closed once, also one that is paused', async (pair) => {
			pair.socket.pause();
			pair.client.send('unread');
			pair.socket.terminate();
			pair.socket.terminate();
			await pair.reported('closed');
			await pair.client.closed;
			assert.equal(pair.log.filter(({ kind }) => kind === 'closed').length, 1);
			assert.equal(pair.log.at(-1)?.kind, 'closed');
		}),
		test('a peer that vanishes is reported as closed', async ({ client, log, reported }) => {
			client.vanish();
			await reported('closed');
			assert.equal(log.at(-1)?.kind, 'closed');
		}),
		test('a closed connection takes output, closes and pauses without a sound', async (pair) => {
			const { client, socket, log, reported } = pair;
			client.vanish();
			await reported('closed');
			const before = log.length;
			socket.send([new Frame('late')]);
			socket.pause();
			socket.resume();
			socket.close(4400, 'late');
			socket.terminate();
			assert.equal(log.length, before);
		})
	];
}

async function connectPair(harness: TransportHarness): Promise<Pair> {
	const log: Report[] = [];
	const waiting: (() => void)[] = [];
	const report = (entry: Report): void => {
		log.push(entry);
		for (const check of waiting) check();
	};
	const accepted = Promise.withResolvers<TransportSocket>();
	const client = await harness.connect((socket) => {
		accepted.resolve(socket);
		return {
			message: (data) => report({ kind: 'message', data }),
			drained: () => report({ kind: 'drained' }),
			closed: (code, reason) => report({ kind: 'closed', code, reason })
		};
	});
	const reported = (kind: Report['kind'], count = 1): Promise<void> =>
		new Promise((resolve) => {
			const check = (): void => {
				if (log.filter((entry) => entry.kind === kind).length >= count) resolve();
			};
			waiting.push(check);
			check();
		});
	return { client, socket: await accepted.promise, log, reported };
}
