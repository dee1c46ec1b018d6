import { beforeEach, describe, expect, test } from 'vitest';
import { Frame } from '../../server/frame.ts';
import { NativeSocket } from './native-socket.ts';

let log: unknown[];
let buffered: number;
/** What the native socket was told. */
let reading: boolean[];
let socket: NativeSocket;

const events = {
	message: (data: string | Uint8Array) => void log.push(data),
	drained: () => void log.push('drained'),
	closed: (code: number) => void log.push(['closed', code])
};

beforeEach(() => {
	log = [];
	reading = [];
	buffered = 0;
	socket = new NativeSocket(
		{
			send: () => buffered === 0,
			sendBytes: () => buffered === 0,
			bufferedBytes: () => buffered,
			// As uWebSockets.js does it: the end is reported before `close` returns.
			close: (code) => socket.onClosed(code, ''),
			terminate: () => socket.onClosed(1006, ''),
			pause: () => void reading.push(false),
			resume: () => void reading.push(true)
		},
		'127.0.0.1'
	);
});

describe('a native socket', () => {
	test('tells its end also to somebody who closed it before listening', () => {
		socket.close(4401, 'UNAUTHORIZED');
		socket.report(events);
		expect(log).toEqual([['closed', 4401]]);
	});

	test('reports what was held, in order, until it is paused again', () => {
		socket.report({ ...events, message: (data) => (events.message(data), data === 'b' && socket.pause()) });
		socket.pause();
		for (const data of ['a', 'b', 'c']) socket.onMessage(data);
		expect(log).toEqual([]);
		socket.resume();
		expect(log).toEqual(['a', 'b']);
		socket.onMessage('d');
		socket.resume();
		expect(log).toEqual(['a', 'b', 'c', 'd']);
	});

	test('reports every message once, also where a message pauses and resumes it', () => {
		const toggle = (data: string | Uint8Array): void => {
			events.message(data);
			socket.pause();
			socket.resume();
		};
		socket.report({ ...events, message: toggle });
		socket.pause();
		for (const data of ['a', 'b', 'c']) socket.onMessage(data);
		socket.resume();
		expect(log).toEqual(['a', 'b', 'c']);
	});

	test('reports nothing that was held once it is closed', () => {
		socket.report(events);
		socket.pause();
		socket.onMessage('unread');
		socket.terminate();
		socket.resume();
		socket.terminate();
		expect(log).toEqual([['closed', 1006]]);
	});

	test('asks the native socket for its buffer only while something waits, and says when nothing does', () => {
		socket.report(events);
		buffered = 10;
		expect(socket.bufferedBytes).toBe(0);
		socket.send([new Frame('x')]);
		expect(socket.bufferedBytes).toBe(10);
		socket.onDrain();
		buffered = 0;
		socket.onDrain();
		socket.onDrain();
		expect(log).toEqual(['drained']);
		expect(socket.bufferedBytes).toBe(0);
	});

	test('stops and starts to read once, and reads again to hear the answer to a close', () => {
		socket.report(events);
		socket.pause();
		socket.pause();
		socket.resume();
		socket.resume();
		expect(reading).toEqual([false, true]);
		socket.pause();
		socket.close(1001, 'going');
		socket.pause();
		expect(reading).toEqual([false, true, false, true]);
	});

	test('closes a peer that sends more than is held for it', () => {
		socket.report(events);
		socket.pause();
		for (let sent = 0; sent < 20; sent++) socket.onMessage('x'.repeat(64 * 1024));
		expect(log).toEqual([['closed', 4429]]);
	});
});
