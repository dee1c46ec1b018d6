// Whatever comes in is refused with its own code; the process stays up, and another user notices nothing of it.
import { setImmediate as nextTurn } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { connectRaw, type UpgradeRefused } from '../support/ws-client.ts';
import { Attacker, type Ending } from './attacker.ts';
import { startServerProcess, type ServerProcess } from './processes.ts';
import { frame, RawPeer } from './raw-peer.ts';
import { untilSteady } from './steady.ts';
import { Witness } from './witness.ts';

const VIOLATION: Ending = { goodbye: 'PROTOCOL_ERROR', close: 4400 };
const TOO_LARGE: Ending = { goodbye: 'TOO_LARGE', close: 4413 };

/** What happens in another process is waited for by looking. */
const SOON = { timeout: 20_000 };

let server: ServerProcess;
let witness: Witness;
let pid: number | undefined;

beforeAll(async () => {
	server = await startServerProcess({ limits: { helloTimeoutMs: 400, heartbeatMs: 400, streams: 50 } });
	pid = server.child.pid;
	witness = await Witness.connect(server.url);
});

afterAll(async () => {
	await server[Symbol.asyncDispose]();
});

const connections = async (): Promise<number> => (await server.ask({ kind: 'stats' })).queued.length;

async function endingAfter(...frames: (string | Uint8Array)[]): Promise<Ending> {
	using attacker = await Attacker.greeted(server.url);
	attacker.send(...frames);
	return await attacker.ending();
}

/** What is answered to a request, while its connection goes on. */
async function answerTo(id: number, ...frames: string[]): Promise<string> {
	using attacker = await Attacker.greeted(server.url);
	attacker.send(...frames);
	const answer = await attacker.answerTo(id);
	expect(await attacker.isServed()).toBe(true);
	return answer;
}

const refusalOf = (attempt: Promise<unknown>): Promise<UpgradeRefused> =>
	attempt.then(
		() => expect.fail('the upgrade was let through'),
		(error: unknown) => error as UpgradeRefused
	);

describe('a frame that is no message', () => {
	it.each([
		'',
		'\n',
		'null',
		'{}',
		'[',
		'"hello"',
		'[]',
		'[null]',
		'["constructor",1]',
		'["__proto__"]',
		'["toString"]',
		'["welcome",1,"c",{}]',
		'["hello",1]',
		'["ping",1]\n',
		'GET / HTTP/1.1'
	])('ends its connection: %j', async (text) => {
		expect(await endingAfter(text)).toEqual(VIOLATION);
	});

	it('ends its connection: brackets and nothing else', async () => {
		expect(await endingAfter('['.repeat(60_000))).toEqual(VIOLATION);
		expect(await endingAfter('{"a":'.repeat(10_000))).toEqual(VIOLATION);
	});

	it('ends its connection: bytes', async () => {
		expect(await endingAfter(new Uint8Array([1, 2, 3]))).toEqual(VIOLATION);
	});

	it.each([65_537, 100_000, 131_072])('ends its connection: %d bytes', async (bytes) => {
		expect(await endingAfter('x'.repeat(bytes))).toEqual(TOO_LARGE);
	});

	it('ends its connection without a goodbye above twice the limit, as the protocol says', async () => {
		expect(await endingAfter('x'.repeat(131_073))).toEqual({ goodbye: null, close: 1009 });
	});
});

describe('a message with a field of the wrong type', () => {
	const EXAMPLES: unknown[][] = [
		['call', 1, 'lib/board/echo', []],
		['batch', 0, [[1, 'lib/board/echo', []]]],
		['cancel', 1],
		['subscribe', 1, 'lib/board/cards', ['epoch', 1], []],
		['unsubscribe', 1],
		['catchup', 1, ['epoch', 1]],
		['ping', 1],
		['pong', 1]
	];
	const WRONG = [true, -1, 1.5, '', {}, ['x', -1], 'x'.repeat(257)];
	/** Arguments that are no list are the fault of one request; a mode or a text may be right by chance. */
	const cases = EXAMPLES.flatMap((message) =>
		message.slice(1).flatMap((_, before) => {
			const isArgs = ['call', 'subscribe'].includes(String(message[0])) && before === message.length - 2;
			return isArgs ? [] : WRONG.map((value) => JSON.stringify(message.with(before + 1, value)));
		})
	);

	it.each(cases)('ends its connection: %s', async (text) => {
		expect(await endingAfter(text)).toEqual(VIOLATION);
	});

	it.each(['["hello","1"]', '["hello",-1]', '["hello"]', '["hello",1,1]', '["hello",{}]'])(
		'ends its connection before it began: %s',
		async (text) => {
			using attacker = await Attacker.connect(server.url);
			attacker.send(text);
			expect(await attacker.ending()).toEqual(VIOLATION);
		}
	);

	it.each([0, 2, 999, Number.MAX_SAFE_INTEGER])(
		'and with version %d it is told which versions are spoken',
		async (version) => {
			using attacker = await Attacker.connect(server.url);
			attacker.send(`["hello",${version}]`);
			expect(await attacker.ending()).toEqual({ goodbye: 'UPGRADE_REQUIRED', close: 4426 });
		}
	);
});

describe('a request that asks for too much', () => {
	const deep = `${'['.repeat(70)}${']'.repeat(70)}`;
	const laughs = JSON.stringify([...Array.from({ length: 40 }, (_, index) => [index + 1, index + 1]), 'lol']);

	it.each([
		['arguments that are no list', '["call",1,"lib/board/echo",{"length":1}]', 'BAD_REQUEST'],
		['depth', `["call",1,"lib/board/echo",${deep}]`, 'BAD_REQUEST'],
		['arguments', `["call",1,"lib/board/echo",${JSON.stringify(Array.from({ length: 33 }, () => 0))}]`, 'TOO_MANY'],
		['__proto__', '["call",1,"lib/board/echo",[{"__proto__":{"admin":true}}]]', 'BAD_REQUEST'],
		['constructor', '["call",1,"lib/board/echo",[{"constructor":{"prototype":{"admin":true}}}]]', 'BAD_REQUEST'],
		['a billion laughs', `["call",1,"lib/board/echo",${laughs},1]`, 'BAD_REQUEST'],
		['a sparse array', '["call",1,"lib/board/echo",[[1],[-7,1000000000]],1]', 'BAD_REQUEST'],
		['a regular expression', '["call",1,"lib/board/echo",[[1],["RegExp","(a+)+$"]],1]', 'BAD_REQUEST'],
		['a cycle', '["call",1,"lib/board/echo",[[0]],1]', 'BAD_REQUEST'],
		['a topic of objects', '["subscribe",1,"lib/board/cards",null,[{}]]', 'BAD_REQUEST'],
		['a topic without end', `["subscribe",1,"lib/board/cards",null,["${'x'.repeat(600)}"]]`, 'BAD_REQUEST'],
		['somebody else’s data', '["subscribe",1,"lib/board/private",null,[]]', 'FORBIDDEN'],
		['what a guard protects', '["call",1,"lib/admin/wipe",[]]', 'FORBIDDEN'],
		['what crashes', '["call",1,"lib/board/crash",[]]', 'INTERNAL']
	])('is refused alone: %s', async (...[, text, code]) => {
		expect(await answerTo(1, text)).toBe(code);
	});

	it.each(
		[
			'',
			'lib/board',
			'lib/board/',
			'lib/board/none',
			'lib/board/constructor',
			'lib/board/toString',
			'lib/board/__proto__',
			'lib/board/hasOwnProperty',
			'constructor',
			'__proto__',
			'toString',
			'../lib/board/echo',
			'lib/board/../board/echo',
			'lib//board/echo',
			'/lib/board/echo',
			'lib/board/echo/',
			'lib\\board\\echo',
			'lib%2Fboard/echo',
			'LIB/board/echo',
			'lib/board/echo\u0000',
			'lib/admin/_guard',
			'file:///etc/passwd'
		].filter(Boolean)
	)('finds no function at %j, neither to call nor to read', async (path) => {
		expect(await answerTo(1, JSON.stringify(['call', 1, path, []]))).toBe('NOT_FOUND');
		expect(await answerTo(1, JSON.stringify(['subscribe', 1, path, null, []]))).toBe('NOT_FOUND');
		expect(await answerTo(1, JSON.stringify(['batch', 1, [[1, path, []]]]))).toBe('NOT_FOUND');
	});

	it('finds no stream where it calls, and no function where it reads', async () => {
		expect(await answerTo(1, '["call",1,"lib/board/cards",["b"]]')).toBe('NOT_FOUND');
		expect(await answerTo(1, '["subscribe",1,"lib/board/echo",null,[]]')).toBe('NOT_FOUND');
	});

	it('is refused beyond the calls that may wait, the calls of a batch and the streams', async () => {
		const many = Array.from({ length: 321 }, (_, index) => `["call",${index + 1},"lib/board/hang",[]]`);
		using attacker = await Attacker.greeted(server.url);
		attacker.send(...many);
		expect(await attacker.answerTo(321)).toBe('TOO_MANY');
		const batch = Array.from({ length: 51 }, (_, index) => [index + 1, 'lib/board/echo', []]);
		expect(await answerTo(51, JSON.stringify(['batch', 0, batch]))).toBe('TOO_MANY');
		const streams = Array.from(
			{ length: 51 },
			(_, index) => `["subscribe",${index + 1},"lib/board/cards",null,["${index}"]]`
		);
		expect(await answerTo(51, ...streams)).toBe('TOO_MANY');
	});

	it('ends its connection where it uses an id twice', async () => {
		const hang = '["call",7,"lib/board/hang",[]]';
		expect(await endingAfter(hang, hang)).toEqual(VIOLATION);
		expect(await endingAfter(hang, '["subscribe",7,"lib/board/cards",null,["b"]]')).toEqual(VIOLATION);
		expect(await endingAfter('["batch",0,[[7,"lib/board/hang",[]],[7,"lib/board/hang",[]]]]')).toEqual(VIOLATION);
	});

	it('learns nothing of what went wrong inside', async () => {
		using attacker = await Attacker.greeted(server.url);
		attacker.send('["call",1,"lib/board/crash",[]]');
		await attacker.answerTo(1);
		expect(JSON.stringify(attacker.received)).not.toMatch(/hunter2|at .*\.ts/);
		expect(server.output).toContain('hunter2'); // the log is where it belongs
	});
});

describe('an upgrade', () => {
	it('from a foreign page is answered with 403', async () => {
		for (const origin of ['https://evil.example', 'null', 'http://127.0.0.1', 'http://127.0.0.1.evil.example']) {
			const attempt = connectRaw(server.url, { origin, headers: { cookie: 'user=mallory' } });
			expect((await refusalOf(attempt)).status).toBe(403);
		}
	});

	it.each([{}, { cookie: 'user=' }, { cookie: 'other=1' }, { authorization: 'Bearer x' }])(
		'without a session is told so: %j',
		async (headers) => {
			using attacker = await Attacker.connect(server.url, { headers });
			expect(await attacker.ending()).toEqual({ goodbye: 'UNAUTHORIZED', close: 4401 });
		}
	);

	it('elsewhere is answered with 404', async () => {
		for (const path of ['/', '/__live/', '/__live/x', '/%5F_live']) {
			expect((await refusalOf(connectRaw(server.url.replace('/__live', path)))).status).toBe(404);
		}
	});

	it('that is no WebSocket handshake is answered with 400 or 405', async () => {
		const lines = ['Host: x', 'Connection: Upgrade', 'Upgrade: websocket', 'Sec-WebSocket-Version: 13'];
		const requests = [
			['GET /__live HTTP/1.1', ...lines],
			['POST /__live HTTP/1.1', ...lines, 'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=='],
			[
				'GET /__live HTTP/1.1',
				...lines.with(3, 'Sec-WebSocket-Version: 99'),
				'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=='
			],
			['GET /__live HTTP/1.1', ...lines, 'Sec-WebSocket-Key: short']
		];
		for (const request of requests) {
			using peer = await RawPeer.connect(server.port);
			peer.socket.write(`${request.join('\r\n')}\r\n\r\n`);
			expect((await peer.ended()).text).toMatch(/^HTTP\/1\.1 4(00|05|26) /);
		}
	});

	it('that never ends is answered with 408', async () => {
		using peer = await RawPeer.connect(server.port);
		peer.socket.write('GET /__live HTTP/1.1\r\nHost: x\r\n');
		const drip = setInterval(() => peer.socket.write('X: y\r\n'), 50);
		const { text } = await peer.ended();
		clearInterval(drip);
		expect(text).toMatch(/^HTTP\/1\.1 408 /);
	});
});

describe('a peer on a bare connection', () => {
	it('that says no hello is told so', async () => {
		using peer = await RawPeer.upgraded(server.port, false);
		const { code, messages } = await peer.ended();
		expect(code).toBe(4408);
		expect(messages[0]).toMatch(/^\["goodbye","HELLO_TIMEOUT"/);
	});

	it('that drips its hello byte by byte is told so', async () => {
		using peer = await RawPeer.upgraded(server.port, false);
		const bytes = frame(1, '["hello",1]          ');
		const drip = setInterval(() => peer.socket.write(bytes.subarray(0, 1)), 100);
		const { code } = await peer.ended();
		clearInterval(drip);
		expect([4408, 1002, 1006, null]).toContain(code);
	});

	it('that falls silent is told so, and cut off', async () => {
		using peer = await RawPeer.upgraded(server.port);
		const { code, messages } = await peer.ended();
		expect(code).toBe(4409);
		expect(messages.at(-1)).toMatch(/^\["goodbye","HEARTBEAT_TIMEOUT"/);
	});

	it('that is half-open, and neither reads nor answers nor closes, is given up', async () => {
		await expect.poll(connections, SOON).toBe(1); // the witness
		const peers = await Promise.all(Array.from({ length: 10 }, () => RawPeer.upgraded(server.port)));
		for (const { socket } of peers) socket.pause();
		expect(await connections()).toBe(11);
		await expect.poll(connections, SOON).toBe(1);
		for (const peer of peers) peer[Symbol.dispose]();
	});

	it.each([
		['without a mask', frame(1, '["ping",1]', { masked: false }), 1002],
		['with a reserved bit', frame(1, '["ping",1]', { rsv: 4 }), 1002],
		['of an unknown kind', frame(5, 'x'), 1002],
		['that goes on with nothing', frame(0, 'x'), 1002],
		['of control that is too long', frame(9, 'x'.repeat(126)), 1002],
		['that is no UTF-8', frame(1, Buffer.from([0xff, 0xfe])), 1007],
		[
			'that says it is enormous',
			Buffer.from([0x81, 0xff, 0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0]),
			1009
		]
	])('that sends a frame %s is closed', async (...[, bytes, code]) => {
		using peer = await RawPeer.upgraded(server.port);
		peer.socket.write(bytes);
		const ended = await peer.ended();
		expect(ended.code === code || ended.code === 1002).toBe(true);
	});

	it('that begins a frame and never ends it is given up', async () => {
		using peer = await RawPeer.upgraded(server.port);
		peer.socket.write(frame(1, 'x'.repeat(60_000)).subarray(0, 1_000));
		expect((await peer.ended()).code).toBe(4409);
	});

	it('that connects and vanishes, over and over, leaves nothing behind', async () => {
		for (let round = 0; round < 20; round++) {
			const peers = await Promise.all(Array.from({ length: 10 }, () => RawPeer.upgraded(server.port)));
			for (const { socket } of peers) {
				socket.write(frame(1, '["subscribe",1,"lib/board/cards",null,["b"]]'));
				socket.resetAndDestroy();
			}
		}
		await expect.poll(connections, SOON).toBe(1);
	});
});

describe('a flood from a peer that reads nothing', () => {
	const FLOODS: [string, (id: number) => Buffer][] = [
		['pings of WebSocket', () => frame(9, 'x'.repeat(125))],
		['pings of ours', (id) => frame(1, `["ping",${id}]`)],
		['calls', (id) => frame(1, `["call",${id},"lib/board/big",[20000]]`)],
		['calls of nothing', (id) => frame(1, `["call",${id},"lib/none/${'x'.repeat(100)}",[]]`)],
		['streams of nothing', (id) => frame(1, `["subscribe",${id},"lib/none/${'x'.repeat(100)}",null,[]]`)]
	];

	it.each(FLOODS)('costs no more than the share of a connection: %s', async (_, make) => {
		await using patient = await startServerProcess();
		using peer = await RawPeer.upgraded(patient.port);
		peer.socket.pause();
		const before = (await patient.ask({ kind: 'stats' })).held;
		// A few times what kernels buffer in both directions.
		for (let id = 0; id < 300_000 && peer.socket.writableLength < 8_000_000; id += 2_000) {
			peer.socket.write(Buffer.concat(Array.from({ length: 2_000 }, (_, index) => make(id + index + 1))));
			await nextTurn();
		}
		await untilSteady(patient.url, () => peer.socket.writableLength);
		const { queued, held } = await patient.ask({ kind: 'stats' });
		expect(Math.max(0, ...queued)).toBeLessThan(1024 * 1024 + 64 * 1024);
		expect(held - before).toBeLessThan(4 * 1024 * 1024);
	});
});

describe('after all this', () => {
	it('the process is the same, and another user has noticed nothing', async () => {
		await witness.stop();
		expect(witness.complaints.join('\n')).toBe('');
		expect(witness.events).toBeGreaterThan(500);
		expect(witness.answers).toBe(witness.events);
		expect(server.isRunning).toBe(true);
		expect(server.child.pid).toBe(pid);
		expect(server.output).not.toMatch(/unhandled|uncaught/i);
	});
});
