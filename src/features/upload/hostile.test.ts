// What a client of the wire may do that ours does not.
import { describe, expect, it, test } from 'vitest';
import { startServer, type FakeClient, type Harness } from '../../../test/support/server-harness.ts';
import { binaryCallHeader, encodeBinaryCall, encodeChunk, readChunk } from '../../protocol/binary.ts';
import { DEFAULT_LIMITS, type Limits } from '../../protocol/limits.ts';
import { encodeUpload } from '../../protocol/upload.ts';
import { encodeMore } from '../../protocol/values.ts';
import { live } from '../../live/live.ts';
import type { UploadedFile } from './file.ts';

const WINDOW = DEFAULT_LIMITS.uploadWindowBytes;

function makeFiles() {
	let answer: (value: string) => void = () => {};
	const files: UploadedFile[] = [];
	const signals: AbortSignal[] = [];
	return {
		files,
		signals,
		answer: (value: string) => answer(value),
		module: {
			hold: live.upload((ctx, file) => {
				files.push(file);
				signals.push(ctx.abortSignal);
				return new Promise<string>((resolve) => (answer = resolve));
			}),
			bytes: live.binary((_, bytes) => bytes.length),
			many: live.generate(function* () {
				for (let value = 0; value < 1_000; value++) yield value;
			}),
			film: live.download(function* () {
				for (let part = 0; part < 1_000; part++) yield new Uint8Array(64 * 1024);
			})
		}
	};
}

interface World extends Harness {
	held: ReturnType<typeof makeFiles>;
	client: FakeClient;
}

async function world(limits: Partial<Limits> = {}): Promise<World> {
	const held = makeFiles();
	const harness = await startServer({ files: held.module }, { limits });
	return { ...harness, held, client: await harness.connect() };
}

const opening = (id: number, size: number, key = `key-${id}`): string =>
	encodeUpload({ id, path: 'files/hold', file: { key, size, name: '', type: '', again: false }, args: '[]' });
const chunk = (id: number, offset: number, length: number): Uint8Array =>
	encodeChunk({ id, offset, bytes: new Uint8Array(length) });
const frame = (...parts: (number[] | string)[]): Uint8Array =>
	Uint8Array.from(parts.flatMap((part) => (typeof part === 'string' ? [...Buffer.from(part)] : part)));

const VIOLATION = { code: 'PROTOCOL_ERROR', close: 4400 };

describe('parts that were not asked for end the connection', () => {
	it.each([
		['with a hole', chunk(1, 5, 5)],
		['that go back', chunk(1, 0, 5)],
		['that are empty', chunk(1, 4, 0)],
		['beyond the window', chunk(1, 4, WINDOW)],
		['of another id', chunk(2, 4, 5)]
	])('%s', async (_, bad) => {
		const { client } = await world({ messageBytes: 10 * WINDOW });
		await client.say(opening(1, 10 * WINDOW), chunk(1, 0, 4));
		expect(client.end).toBeNull();
		await client.say(bad);
		expect(client.end).toEqual(VIOLATION);
	});

	it('beyond the size', async () => {
		const { client } = await world();
		await client.say(opening(1, 10), chunk(1, 0, 11));
		expect(client.end).toEqual(VIOLATION);
	});

	it('to a call that takes none, and to nothing', async () => {
		for (const call of ['["call",1,"files/many",[]]', '["ping",1]']) {
			const { client } = await world();
			await client.say(call, chunk(1, 0, 5));
			expect(client.end).toEqual(VIOLATION);
		}
	});

	it('but not what was asked for, and meets the answer on its way', async () => {
		const { client, held } = await world();
		await client.say(opening(1, 10));
		held.answer('enough');
		await client.say(chunk(1, 0, 4), chunk(1, 4, 6));
		expect([client.resultOf(1), client.end]).toEqual(['enough', null]);
		await client.say(chunk(1, 10, 1));
		expect(client.end).toEqual(VIOLATION);
	});

	it('on a connection that another one has taken over from', async () => {
		const { client, connect } = await world();
		await client.say(opening(1, 10), chunk(1, 0, 2));
		const other = await connect();
		await other.say(opening(7, 10, 'key-1'));
		expect(other.socket.sent.at(-1)).toBe('["wanted",7,2,10]');
		await client.say(chunk(1, 2, 2));
		expect([client.end, other.end]).toEqual([VIOLATION, null]);
	});
});

describe('frames that are none end the connection', () => {
	it.each([
		['without a byte', frame()],
		['of another marker', frame([2, 0, 5], '[1,0]')],
		['cut within the length of the header', frame([1, 0])],
		['whose header is longer than the frame', frame([1, 0xff, 0xff], '[1,0]')],
		['whose header is no JSON', frame([1, 0, 2], '[1')],
		['whose header is no list', frame([1, 0, 2], '{}')],
		['whose header is not UTF-8', frame([0, 0, 4], '["', [0xff], '"]')],
		['whose header is too deep', frame([0, 0xea, 0x60], '['.repeat(60_000))],
		['with a key', frame([0, 0, 25], '[1,"files/bytes",[],0,"k"]')],
		['before hello', chunk(1, 0, 1)]
	])('%s', async (title, bad) => {
		const { client, accept } = await world();
		const peer = title === 'before hello' ? accept() : client;
		await peer.say(bad);
		expect(peer.end).toEqual(VIOLATION);
	});

	it('larger than a message may be', async () => {
		const { client } = await world();
		const header = binaryCallHeader(1, 'files/bytes', '[]');
		await client.say(encodeBinaryCall(header, new Uint8Array(60_000)));
		expect(client.resultOf(1)).toBe(60_000);
		await client.say(encodeBinaryCall(header.replace('1', '2'), new Uint8Array(DEFAULT_LIMITS.messageBytes)));
		expect(client.end).toEqual({ code: 'TOO_LARGE', close: 4413 });
	});
});

describe('what is refused without a word more', () => {
	it('an upload of a size that nobody has, another file under the same key, and ids in use', async () => {
		const { client } = await world();
		await client.say(opening(1, 2 ** 53 - 1));
		expect(client.errorOf(1)?.code).toBe('TOO_LARGE');
		await client.say(opening(2, 10, 'same'), opening(3, 11, 'same'));
		expect(client.errorOf(3)?.code).toBe('CONFLICT');
		await client.say(opening(2, 10));
		expect(client.end).toEqual(VIOLATION);
	});

	it('an upload of a visitor under a key that others might guess', async () => {
		const { connect } = await world();
		const visitor = await connect({ user: null } as never);
		await visitor.say(opening(1, 10, 'short'), opening(2, 10, 'Zb2T0kXw1qLe'));
		expect([visitor.errorOf(1)?.code, visitor.errorOf(2)]).toEqual(['BAD_REQUEST', undefined]);
	});

	it('more of something that does not run', async () => {
		const { client } = await world();
		await client.say(encodeMore(9, 2 ** 53 - 1), '["call",1,"files/bytes",[]]', encodeMore(1, 5));
		expect([client.errorOf(1)?.code, client.end]).toEqual(['BAD_REQUEST', null]);
	});

	it('uploads, binary calls and volatile calls while the server shuts down', async () => {
		const { client, server, clock } = await world();
		void server.drain(1_000);
		const call = encodeBinaryCall(binaryCallHeader(2, 'files/bytes', '[]'), new Uint8Array());
		client.socket.events?.message(opening(1, 10));
		client.socket.events?.message(call);
		client.socket.events?.message('["volatile",3,"files/bytes",[]]');
		await clock.settle();
		expect(client.kindsFor(3)).toEqual([]);
		expect([1, 2].map((id) => client.errorOf(id)?.code)).toEqual(['GOING_AWAY', 'GOING_AWAY']);
	});
});

test('what came and what became of it is told to observers, as of any call', async () => {
	const ended: unknown[] = [];
	const held = makeFiles();
	const observer = { callEnded: (path: string | null, outcome: string) => void ended.push([path, outcome]) };
	const { connect } = await startServer({ files: held.module }, { observer });
	const client = await connect();
	await client.say(opening(1, 10), encodeBinaryCall(binaryCallHeader(2, 'files/bytes', '[]'), new Uint8Array(3)));
	held.answer('done');
	await client.say();
	await client.say('["call",3,"files/many",[]]', encodeMore(3, 1_000), '["volatile",4,"files/nothing",[]]');
	await client.say('["call",5,"files/film",[]]', '["cancel",5]', opening(6, 10));
	await client.vanish();
	expect(ended).toEqual([
		['files/bytes', 'ok'],
		['files/hold', 'ok'],
		[null, 'NOT_FOUND'],
		['files/many', 'ok'],
		['files/film', 'CANCELLED'],
		['files/hold', 'CONNECTION_LOST']
	]);
});

describe('a client that takes nothing', () => {
	it('is sent no more than it said it takes, however much it asks for', async () => {
		const { client, server } = await world();
		client.socket.stopReading();
		await client.say(
			'["call",1,"files/film",[]]',
			encodeMore(1, 2 ** 50),
			'["call",2,"files/many",[]]',
			encodeMore(2, 2 ** 50)
		);
		const [connection] = server.connections;
		expect(connection?.queuedBytes).toBeLessThan(200 * 1024);
		client.socket.read();
		await client.say();
		expect(client.socket.sentBytes.length).toBeGreaterThan(100);
		const offsets = client.socket.sentBytes.map((sent) => readChunk(sent).offset);
		expect(offsets).toEqual(offsets.map((_, index) => index * 64 * 1024));
	});

	it('has its download ended when that gets no further', async () => {
		const { client, clock } = await world({ heartbeatMs: 1e9 });
		await client.say('["call",1,"files/film",[]]');
		expect(client.socket.sentBytes).toHaveLength(4);
		await clock.advance(DEFAULT_LIMITS.callTimeoutMs);
		expect(client.errorOf(1)?.code).toBe('TIMEOUT');
	});

	it('has its upload ended when nothing comes, and the handler told', async () => {
		const { client, clock, held } = await world({ heartbeatMs: 1e9 });
		await client.say(opening(1, 10));
		await clock.advance(DEFAULT_LIMITS.callTimeoutMs - 1);
		await client.say(chunk(1, 0, 1));
		await clock.advance(DEFAULT_LIMITS.callTimeoutMs - 1);
		expect(client.errorOf(1)).toBeUndefined();
		await clock.advance(1);
		expect(client.errorOf(1)?.code).toBe('TIMEOUT');
		expect(held.signals[0]?.aborted).toBe(true);
		expect(clock.pending).toBeLessThan(3); // the heartbeat, and nothing of the upload
	});
});
