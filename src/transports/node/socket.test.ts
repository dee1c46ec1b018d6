import { Duplex } from 'node:stream';
import { beforeEach, describe, expect, test } from 'vitest';
import { closing, fragments, frame, PING, PONG, text, TEXT } from '../../../test/support/frames/frame.ts';
import { Frame } from '../../server/frame.ts';
import { VirtualClock } from '../../testing/virtual-clock.ts';
import { NodeSocket, type SharedParts } from './socket.ts';
import { Outputs } from './websocket-frame.ts';

/** A raw socket whose peer is the test. */
class RawSocket extends Duplex {
	written: Buffer[] = [];
	/** Whether the kernel takes nothing: then what would have told that it did waits here. */
	isStuck = false;
	#waiting: (() => void) | null = null;

	constructor() {
		super({ allowHalfOpen: true });
	}

	override _read(): void {}

	override _write(chunk: Buffer, _encoding: string, done: () => void): void {
		this.written.push(chunk);
		if (this.isStuck) this.#waiting = done;
		else done();
	}

	/** Takes what was written first, and nothing more. */
	step(): void {
		const done = this.#waiting;
		this.#waiting = null;
		done?.();
	}

	unstick(): void {
		this.isStuck = false;
		this.step();
	}

	get bytes(): Buffer {
		return Buffer.concat(this.written);
	}
}

let clock: VirtualClock;
const passed = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
const unmasked = (opcode: number, payload: string | Buffer) => frame({ opcode, payload, mask: null });
const closeOf = (code: number, reason = ''): Buffer =>
	unmasked(8, Buffer.concat([Buffer.from([code >> 8, code & 0xff]), Buffer.from(reason)]));

let parts: SharedParts;
let raw: RawSocket;
let socket: NodeSocket;
let log: unknown[];

function open(): { raw: RawSocket; socket: NodeSocket; log: unknown[] } {
	const opened = { raw: new RawSocket(), log: [] as unknown[] };
	opened.raw.on('error', (error) => opened.log.push(error));
	const socket = new NodeSocket(opened.raw, parts, '::1');
	socket.report({
		message: (data) => opened.log.push(data),
		drained: () => opened.log.push('drained'),
		closed: (code, reason) => opened.log.push(['closed', code, reason])
	});
	return { ...opened, socket };
}

/** The peer sends; what comes of it has come when this resolves. */
async function receive(...bytes: Buffer[]): Promise<void> {
	for (const chunk of bytes) raw.push(chunk);
	await passed();
}

beforeEach(() => {
	clock = new VirtualClock();
	parts = {
		clock,
		closeTimeoutMs: 1_000,
		maxBytes: 1_000,
		tooBig: 'at most 1000',
		outputs: new Outputs(),
		spareReader: null
	};
	({ raw, socket, log } = open());
});

describe('what a peer sends', () => {
	test('is reported whole, however it is cut', async () => {
		for (const byte of Buffer.concat(fragments(TEXT, 'ab', 'cd'))) raw.push(Buffer.from([byte]));
		await receive(text('next'));
		expect(log).toEqual(['abcd', 'next']);
	});

	test('is not mixed with what others send', async () => {
		const other = open();
		const [first, second] = [text('first'), text('second')];
		for (let at = 0; at < second.length; at++) {
			raw.push(first.subarray(at, at + 1));
			other.raw.push(second.subarray(at, at + 1));
			await passed();
		}
		expect(log).toEqual(['first']);
		expect(other.log).toEqual(['second']);
	});

	test('may be read while something else is being read', async () => {
		const other = open();
		const { socket: nested } = other;
		socket.report({
			message(data) {
				if (data === 'now') nested.hear(Buffer.concat([text('nested'), text('cut').subarray(0, 4)]));
				log.push(data);
			},
			drained() {},
			closed() {}
		});
		socket.hear(text('before'));
		socket.hear(Buffer.concat([text('now'), text('then')]));
		nested.hear(text('cut').subarray(4));
		expect(other.log).toEqual(['nested', 'cut']);
		expect(log).toEqual(['before', 'now', 'then']);
	});

	test('is not reported once the server closes', async () => {
		socket.close(4400, 'enough');
		await receive(text('late'));
		expect(log).toEqual([]);
	});
});

describe('a ping', () => {
	test('is answered with what it says', async () => {
		await receive(frame({ opcode: PING, payload: 'who' }));
		expect(raw.bytes).toEqual(unmasked(PONG, 'who'));
		expect(log).toEqual([]);
	});

	test('is answered once where several come at once: the last one', async () => {
		await receive(Buffer.concat(['a', 'b', 'c'].map((payload) => frame({ opcode: PING, payload }))));
		expect(raw.bytes).toEqual(unmasked(PONG, 'c'));
	});

	test('is answered when the peer has read what was sent before, and then the last one', async () => {
		raw.isStuck = true;
		socket.send([new Frame('unread')]);
		await receive(frame({ opcode: PING, payload: 'a' }));
		await receive(frame({ opcode: PING, payload: 'b' }));
		raw.unstick();
		await passed();
		expect(raw.bytes).toEqual(Buffer.concat([unmasked(TEXT, 'unread'), unmasked(PONG, 'b')]));
		expect(log).toEqual(['drained']);
	});

	test('is not answered behind a close', async () => {
		await receive(Buffer.concat([frame({ opcode: PING }), closing(1000)]));
		expect(raw.bytes).toEqual(closeOf(1000));
	});
});

describe('output', () => {
	test('that the kernel takes at once is not waited for', async () => {
		socket.send([new Frame('a')]);
		await passed();
		expect(raw.written).toHaveLength(1);
		expect(log).toEqual([]);
	});

	test('that waits is reported once, when all of it has left', async () => {
		raw.isStuck = true;
		for (const message of ['a', 'b', 'c']) socket.send([new Frame(message)]);
		expect(socket.bufferedBytes).toBe(9);
		raw.unstick();
		await passed();
		expect(socket.bufferedBytes).toBe(0);
		expect(log).toEqual(['drained']);
	});

	test('that was sent meanwhile is waited for, too', async () => {
		raw.isStuck = true;
		socket.send([new Frame('a')]);
		raw.step();
		socket.send([new Frame('b')]);
		raw.step();
		await passed();
		expect(log).toEqual([]);
		raw.unstick();
		await passed();
		expect(log).toEqual(['drained']);
	});
});

describe('a close', () => {
	test('by the peer is answered with its own words, reported, and ends the raw socket', async () => {
		await receive(closing(4001, 'enough'));
		expect(raw.bytes).toEqual(closeOf(4001, 'enough'));
		expect(raw.writableEnded).toBe(true);
		raw.push(null);
		await passed();
		expect(log).toEqual([['closed', 4001, 'enough']]);
	});

	test('by the peer without a code is answered without one', async () => {
		await receive(frame({ opcode: 8 }));
		expect(raw.bytes).toEqual(unmasked(8, ''));
		raw.push(null);
		await passed();
		expect(log).toEqual([['closed', 1005, '']]);
	});

	test('by the server ends the raw socket when the peer has answered', async () => {
		socket.close(4400, 'why');
		socket.close(4401, 'again');
		expect(raw.bytes).toEqual(closeOf(4400, 'why'));
		await passed();
		expect(raw.writableEnded).toBe(false);
		await receive(closing(4400));
		expect(raw.writableEnded).toBe(true);
		raw.push(null);
		await passed();
		expect(log).toEqual([['closed', 4400, '']]);
	});

	test('that the peer does not answer, or not with an end, is cut off', async () => {
		const other = open();
		socket.close(4400, 'why');
		other.raw.push(closing(1000));
		await passed();
		await clock.advance(999);
		await passed();
		expect([raw.destroyed, other.raw.destroyed]).toEqual([false, false]);
		await clock.advance(1);
		await passed();
		expect([raw.destroyed, other.raw.destroyed]).toEqual([true, true]);
		expect(log).toEqual([['closed', 1006, '']]);
		expect(other.log).toEqual([['closed', 1000, '']]);
	});

	test('for a violation says which, and hears nothing more', async () => {
		await receive(Buffer.concat([text('good'), frame({ opcode: 3 }), text('late')]), text('later'), closing(1000));
		expect(raw.bytes).toEqual(closeOf(1002));
		expect(raw.writableEnded).toBe(true);
		raw.push(null);
		await passed();
		expect(log).toEqual(['good', ['closed', 1006, '']]);
	});

	test('leaves no timer behind', async () => {
		await receive(closing(1000));
		raw.push(null);
		await passed();
		expect(clock.pending).toBe(0);
	});
});

describe('a socket of plain messages', () => {
	test('sends text and bytes whole, one frame each', () => {
		socket.sendMessage('plain');
		socket.sendMessage('größer');
		socket.sendMessage(new Uint8Array([0, 255]));
		expect(raw.bytes).toEqual(
			Buffer.concat([unmasked(TEXT, 'plain'), unmasked(TEXT, 'größer'), unmasked(2, Buffer.from([0, 255]))])
		);
	});

	test('keeps a copy of bytes that wait', () => {
		raw.isStuck = true;
		socket.sendMessage('stuck');
		const bytes = new Uint8Array([1]);
		socket.sendMessage(bytes);
		bytes[0] = 2;
		raw.unstick();
		expect(raw.bytes.at(-1)).toBe(1);
	});

	test('says when the peer answers a ping, and tells why it closes one that sends too much', async () => {
		const heard: unknown[] = [];
		socket.report({
			message() {},
			drained() {},
			ponged: () => heard.push('ponged'),
			violated: (code) => heard.push(code),
			closed() {}
		});
		socket.ping();
		expect(raw.bytes).toEqual(unmasked(PING, ''));
		socket.hear(Buffer.concat([frame({ opcode: PONG }), text('x'.repeat(1_001)), frame({ opcode: PONG })]));
		expect(heard).toEqual(['ponged', 1009]);
		expect(raw.written.at(-1)).toEqual(closeOf(1009, 'at most 1000'));
	});
});

test('a terminated socket reports nothing more but its end', async () => {
	socket.report({
		message(data) {
			log.push(data);
			socket.terminate();
			socket.send([new Frame('late')]);
		},
		drained() {},
		closed: (code) => log.push(code)
	});
	socket.hear(Buffer.concat([text('first'), text('second')]));
	await passed();
	expect(log).toEqual(['first', 1006]);
	expect(raw.written).toEqual([]);
});

describe('a peer that ends without a close', () => {
	test('is reported, and what is sent to it is dropped without an error', async () => {
		raw.push(null);
		await passed();
		socket.send([new Frame('late')]);
		socket.close(1001, 'late');
		await passed();
		expect(log).toEqual([['closed', 1006, '']]);
		expect(raw.written).toEqual([]);
	});

	test('while output waits is cut off when it is closed', async () => {
		raw.isStuck = true;
		socket.send([new Frame('unread')]);
		raw.push(null);
		await passed();
		socket.close(1001, 'going');
		await clock.advance(1_000);
		await passed();
		expect(log).toEqual([['closed', 1006, '']]);
	});
});
