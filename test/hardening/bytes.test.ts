// Peers that send and take bytes as no client would: what they cost is bounded, given back, and others notice nothing.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { encodeChunk, readChunk } from '../../src/protocol/binary.ts';
import { encodeUpload } from '../../src/protocol/upload.ts';
import { connectRaw, type WsClient } from '../support/ws-client.ts';
import { startServerProcess, type ServerProcess } from './processes.ts';
import { Witness } from './witness.ts';

const KIB = 1024;
const MIB = KIB * KIB;
const WINDOW = 256 * KIB;
const PART = 60 * KIB;
const SOON = { timeout: 10_000 };

let server: ServerProcess;
let witness: Witness;

beforeAll(async () => {
	// Silence would end them: they shall stay.
	server = await startServerProcess({ limits: { heartbeatMs: 60_000 } });
	witness = await Witness.connect(server.url);
});

afterAll(async () => {
	await server[Symbol.asyncDispose]();
});

async function connect(user: string, ...messages: string[]): Promise<WsClient> {
	const client = await connectRaw(server.url, { headers: { cookie: `user=${user}` } });
	client.send(['["hello",1]', ...messages].join('\n'));
	await client.next();
	return client;
}

const opening = (id: number, path: string, size: number): string =>
	encodeUpload({ id, path, file: { key: `upload-${id}`, size, name: '', type: '', again: false }, args: '[]' });

/** Everything that the server wants at first, in parts of this size. */
function fill(client: WsClient, id: number, part: number): void {
	for (let offset = 0; offset < WINDOW; offset += part) {
		const bytes = new Uint8Array(Math.min(part, WINDOW - offset));
		client.send(encodeChunk({ id, offset, bytes }));
	}
}

async function heldMib(): Promise<number> {
	return (await server.ask({ kind: 'stats' })).held / MIB;
}

describe('uploads that fill their windows', () => {
	it.each([
		['large', PART],
		['small', 64]
	])('in %s parts cost their windows, and nothing when their clients have gone', async (_, part) => {
		const [connections, ids] = [20, [1, 2, 3, 4]];
		const before = await heldMib();
		const clients = await Promise.all(
			Array.from({ length: connections }, (_each, index) => connect(`filler${index}`))
		);
		for (const client of clients) {
			client.send(ids.map((id) => opening(id, 'lib/board/ignore', 9 * MIB)).join('\n'));
			await client.next();
			for (const id of ids) fill(client, id, part);
			client.send('["call",9,"lib/board/echo",[]]');
		}
		// Answered behind everything that was sent before it.
		for (const client of clients) while (!String(await client.next()).includes('["result",9')) continue;
		const windows = (connections * ids.length * WINDOW) / MIB;
		expect((await heldMib()) - before).toBeGreaterThan(0.5 * windows);
		// What was read is given back a little later.
		await expect.poll(heldMib, SOON).toBeLessThan(before + 1.3 * windows + 4);
		for (const client of clients) client.vanish();
		await expect.poll(heldMib, SOON).toBeLessThan(before + 0.2 * windows + 2);
	});

	it('end their connection beyond that', async () => {
		const client = await connect('greedy', opening(1, 'lib/board/ignore', 9 * MIB));
		fill(client, 1, PART);
		client.send(encodeChunk({ id: 1, offset: WINDOW, bytes: new Uint8Array(1) }));
		expect((await client.closed).code).toBe(4400);
	});
});

describe('downloads that nobody reads', () => {
	it('wait, within the bound of a connection', async () => {
		const clients = await Promise.all(
			Array.from({ length: 30 }, (_, index) =>
				connect(`sink${index}`, '["call",1,"lib/board/endless",[]]', '["more",1,9007199254740991]')
			)
		);
		for (const client of clients) client.stopReading();
		const queued = async (): Promise<number[]> => (await server.ask({ kind: 'stats' })).queued;
		// The kernels take no more.
		await expect.poll(async () => (await queued()).filter((bytes) => bytes > 0).length, SOON).toBe(clients.length);
		// Nor is more made meanwhile, though there is time for it.
		const { answers } = witness;
		await expect.poll(() => witness.answers, SOON).toBeGreaterThan(answers + 100);
		expect(Math.max(...(await queued()))).toBeLessThan(256 * KIB);
		const [reader, ...others] = clients;
		reader!.startReading();
		for (let offset = 0; offset < 64 * MIB;) {
			const message = await reader!.next();
			if (typeof message === 'string') continue;
			const part = readChunk(message);
			expect(part.offset).toBe(offset);
			offset += part.bytes.length;
		}
		for (const client of [reader!, ...others]) client.vanish();
	});
});

describe('a large file', () => {
	it('arrives whole over a real socket, and other calls come between its parts', async () => {
		const size = 9 * MIB;
		const client = await connect('ann');
		expect(await upload(client, size)).toEqual({ answer: size, echoed: size / WINDOW });
		client.vanish();
	});
});

/** Sends a file as it is asked for, and a call behind each window. */
async function upload(client: WsClient, size: number): Promise<{ answer: number; echoed: number }> {
	client.send(opening(1, 'lib/board/count', size));
	let [sent, windows, echoed, answer] = [0, 0, 0, 0];
	// The answer may come before that to the call behind the last window.
	while (answer === 0 || echoed < windows) {
		for (const message of String(await client.next()).split('\n')) {
			const [kind, id, value, until] = JSON.parse(message) as [string, number, number, number];
			if (kind === 'result' && id === 1) answer = value;
			else if (kind === 'result') echoed++;
			if (kind !== 'wanted') continue;
			while (sent < until) {
				const bytes = new Uint8Array(Math.min(PART, until - sent));
				client.send(encodeChunk({ id: 1, offset: sent, bytes }));
				sent += bytes.length;
			}
			for (; windows < Math.floor(sent / WINDOW); windows++)
				client.send(`["call",${windows + 2},"lib/board/echo",[]]`);
		}
	}
	return { answer, echoed };
}

describe('frames that are none', () => {
	it.each([
		['of no kind', [9, 0, 2, 0x5b, 0x5d]],
		['with a header longer than the frame', [0, 0xff, 0xff, 0x5b, 0x5d]],
		['with nothing in them', []]
	])('end their connection: %s', async (_, bytes) => {
		const client = await connect('mallory');
		client.send(Uint8Array.from(bytes));
		expect((await client.closed).code).toBe(4400);
	});

	it('end their connection: of more bytes than a message may have, and unread above twice that', async () => {
		for (const [bytes, code] of [
			[65_537, 4413],
			[131_073, 1009]
		] as const) {
			const client = await connect('mallory');
			client.send(new Uint8Array(bytes));
			expect((await client.closed).code).toBe(code);
		}
	});
});

describe('everybody else', () => {
	it('noticed nothing', async () => {
		await witness.stop();
		expect(witness.complaints).toEqual([]);
		expect(witness.answers).toBeGreaterThan(100);
	});
});
