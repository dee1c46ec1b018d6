import { beforeEach, describe, expect, test } from 'vitest';
import type { EnvironmentSignal } from '../../client/environment.ts';
import { VirtualClock } from '../../testing/virtual-clock.ts';
import { UrlRefused } from './action-url.ts';
import {
	ReconnectingSocket,
	type BrowserSocket,
	type ReconnectingOptions,
	type SocketState
} from './reconnecting-socket.ts';

/** A socket whose server is the test. */
class FakeBrowserSocket implements BrowserSocket {
	binaryType = 'blob';
	bufferedAmount = 0;
	onopen: (() => void) | null = null;
	onmessage: ((event: { data: string }) => void) | null = null;
	onclose: ((event: { code: number; reason: string }) => void) | null = null;
	readonly url: string;
	readonly sent: unknown[] = [];
	closedWith: number | null = null;

	constructor(url: string) {
		this.url = url;
	}

	send(data: unknown): void {
		this.sent.push(data);
	}

	close(code: number): void {
		this.closedWith = code;
	}
}

let clock: VirtualClock;
let sockets: FakeBrowserSocket[];
let states: SocketState[];
let messages: unknown[];
let signal: (kind: EnvironmentSignal) => void;
let watching: number;
beforeEach(() => {
	clock = new VirtualClock();
	[sockets, states, messages] = [[], [], []];
	watching = 0;
});

function make(options: Partial<ReconnectingOptions> = {}): ReconnectingSocket {
	return new ReconnectingSocket({
		url: () => '/chat',
		isOneTime: false,
		onState: (state) => states.push(state),
		onMessage: (data) => messages.push(data),
		connect: (url) => {
			sockets.push(new FakeBrowserSocket(url));
			return sockets.at(-1)!;
		},
		clock,
		random: () => 0.5,
		environment: {
			watch(report) {
				watching++;
				signal = report;
				return () => watching--;
			}
		},
		...options
	});
}

const settle = (): Promise<void> => clock.advance(0);
const statuses = (): string[] => states.map(({ status }) => status);

async function opened(options: Partial<ReconnectingOptions> = {}): Promise<ReconnectingSocket> {
	const socket = make(options);
	socket.open();
	await settle();
	sockets[0]!.onopen?.();
	return socket;
}

describe('a socket that comes back', () => {
	test('opens, gives out messages and sends', async () => {
		const socket = await opened();
		sockets[0]!.onmessage?.({ data: 'hi' });
		expect(socket.send('hello')).toBe(true);
		expect([sockets[0]!.url, sockets[0]!.sent, messages]).toEqual(['/chat', ['hello'], ['hi']]);
		expect(statuses()).toEqual(['connecting', 'open']);
		expect(sockets[0]!.binaryType).toBe('arraybuffer');
	});

	test('is opened once, however often it is asked to', async () => {
		const socket = await opened();
		socket.open();
		await settle();
		expect(sockets).toHaveLength(1);
	});

	test('is opened again after a loss, later each time, and at once when the network is back', async () => {
		await opened();
		sockets[0]!.onclose?.({ code: 1006, reason: '' });
		expect(states.at(-1)).toEqual({ status: 'waiting', reason: 'the connection was closed (1006)' });
		await clock.advance(2_249);
		expect(sockets).toHaveLength(1);
		await clock.advance(1);
		expect(sockets).toHaveLength(2);
		sockets[1]!.onclose?.({ code: 1006, reason: '' });
		await clock.advance(4_499);
		expect(sockets).toHaveLength(2);
		signal('offline');
		await settle();
		expect(sockets).toHaveLength(2);
		signal('online');
		await settle();
		expect(sockets).toHaveLength(3);
	});

	test('begins with short delays again once it was open for a while', async () => {
		await opened();
		sockets[0]!.onclose?.({ code: 1001, reason: '' });
		await clock.advance(2_250);
		sockets[1]!.onopen?.();
		await clock.advance(4_500);
		sockets[1]!.onclose?.({ code: 1001, reason: '' });
		await clock.advance(2_250);
		expect(sockets).toHaveLength(3);
	});

	test.each([1000, 1008, 4400, 4401, 4403, 4404])('stays closed after %i', async (code) => {
		await opened();
		sockets[0]!.onclose?.({ code, reason: 'FORBIDDEN: not you' });
		expect(states.at(-1)).toEqual({ status: 'closed', reason: 'FORBIDDEN: not you' });
		await clock.advance(60_000);
		expect(sockets).toHaveLength(1);
		expect([clock.pending, watching]).toEqual([0, 0]);
	});

	test('asks for another address where each is for one time', async () => {
		let asked = 0;
		await opened({ url: () => Promise.resolve(`/connect/${++asked}`), isOneTime: true });
		sockets[0]!.onclose?.({ code: 4404, reason: 'NOT_FOUND' });
		await clock.advance(2_250);
		expect(sockets.map(({ url }) => url)).toEqual(['/connect/1', '/connect/2']);
	});

	test('leaves the decision to whoever wants to make it', async () => {
		const asked: unknown[] = [];
		await opened({ reconnect: (...close) => (asked.push(close), false) });
		sockets[0]!.onclose?.({ code: 4777, reason: 'x' });
		expect(asked).toEqual([[4777, 'x', true]]);
		expect(states.at(-1)?.status).toBe('closed');
	});

	test('tries again where no address comes, unless the app refused one', async () => {
		const failures: Error[] = [new Error('no network'), new UrlRefused('sign in', true)];
		const socket = make({ url: () => Promise.reject(failures.shift()!) });
		socket.open();
		await settle();
		expect(states.at(-1)).toEqual({ status: 'waiting', reason: 'no network' });
		await clock.advance(2_250);
		expect(states.at(-1)).toEqual({ status: 'closed', reason: 'sign in' });
	});

	test('gives up an attempt that nobody answers', async () => {
		const socket = make();
		socket.open();
		await clock.advance(10_000);
		expect(sockets[0]!.closedWith).toBe(1000);
		expect(states.at(-1)).toEqual({ status: 'waiting', reason: 'no connection within 10000 ms' });
	});

	test('that was closed hears nothing more of its former self, and can be opened again', async () => {
		const socket = await opened();
		socket.close(4000, 'enough');
		expect(sockets[0]!.closedWith).toBe(4000);
		sockets[0]!.onmessage?.({ data: 'late' });
		sockets[0]!.onclose?.({ code: 1006, reason: '' });
		expect(messages).toEqual([]);
		expect(states.at(-1)).toEqual({ status: 'closed', reason: null });
		expect(socket.send('x')).toBe(false);
		expect([clock.pending, watching]).toEqual([0, 0]);
		socket.open();
		await settle();
		expect(sockets).toHaveLength(2);
	});

	test('that is closed before its address comes connects to nothing', async () => {
		const address = Promise.withResolvers<string>();
		const socket = make({ url: () => address.promise });
		socket.open();
		socket.close();
		address.resolve('/late');
		await settle();
		expect(sockets).toEqual([]);
	});
});
