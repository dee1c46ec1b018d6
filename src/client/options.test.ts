import { afterEach, describe, expect, test, vi } from 'vitest';
import { Client } from './client.ts';
import { browserEnvironment, type EnvironmentSignal } from './environment.ts';
import { webSocketConnect, type ClientSocketEvents, type WebSocketLike } from './socket.ts';

afterEach(() => vi.unstubAllGlobals());

class FakeWebSocket implements WebSocketLike {
	static made: FakeWebSocket[] = [];
	readonly url: string;
	readonly sent: string[] = [];
	closedWith: number | undefined;
	binaryType: unknown;
	readonly bufferedAmount = 0;
	onopen: unknown;
	onmessage: unknown;
	onclose: unknown;
	onerror: unknown;

	constructor(url: string) {
		this.url = url;
		FakeWebSocket.made.push(this);
	}

	send(data: string | Uint8Array): void {
		this.sent.push(String(data));
	}

	close(code?: number): void {
		this.closedWith = code;
	}
}

function call(handler: unknown, event: unknown = {}): void {
	(handler as (event: unknown) => void)(event);
}

describe('the address', () => {
	test.each([
		['https://app.example', undefined, 'wss://app.example/__live'],
		['http://localhost:5173', '/base/live', 'ws://localhost:5173/base/live']
	])('of a page at %s with the path %s is %s', (origin, path, url) => {
		vi.stubGlobal('location', { origin });
		vi.stubGlobal('WebSocket', FakeWebSocket);
		if (path !== undefined) vi.stubGlobal('__TIDEWIRE_PATH__', path);
		const client = new Client();
		client.reconnect();
		expect(FakeWebSocket.made.at(-1)?.url).toBe(url);
		client.close();
	});

	test('has to be given where there is no page', () => {
		const client = new Client();
		client.reconnect();
		expect(client.status).toMatchObject({ state: 'refused', error: { message: expect.stringContaining('"url"') } });
	});
});

describe('a WebSocket', () => {
	test('of the option reports what happens to it', () => {
		const happened: unknown[] = [];
		const events: ClientSocketEvents = {
			opened: () => happened.push('opened'),
			message: (data) => happened.push(data),
			closed: (code, reason) => happened.push([code, reason])
		};
		const socket = webSocketConnect(FakeWebSocket)('ws://a', events);
		const made = FakeWebSocket.made.at(-1)!;
		call(made.onopen);
		call(made.onmessage, { data: 'text' });
		call(made.onerror);
		call(made.onclose, { code: 1001, reason: 'bye' });
		socket.send('hello');
		socket.close(1000);
		expect(happened).toEqual(['opened', 'text', [1001, 'bye']]);
		expect([made.sent, made.closedWith]).toEqual([['hello'], 1000]);
	});

	test('class given as an option is used', () => {
		const client = new Client({ url: 'ws://b', WebSocket: FakeWebSocket });
		client.reconnect();
		expect(FakeWebSocket.made.at(-1)?.url).toBe('ws://b');
		client.close();
	});
});

describe('the environment of a page', () => {
	test('tells of the network and of being looked at, until it is asked no more', () => {
		const window = new EventTarget();
		const document = Object.assign(new EventTarget(), { visibilityState: 'hidden' });
		vi.stubGlobal('document', document);
		vi.stubGlobal('addEventListener', window.addEventListener.bind(window));
		const signals: EnvironmentSignal[] = [];
		const stop = browserEnvironment.watch((signal) => signals.push(signal));
		window.dispatchEvent(new Event('offline'));
		window.dispatchEvent(new Event('online'));
		document.dispatchEvent(new Event('visibilitychange'));
		document.visibilityState = 'visible';
		document.dispatchEvent(new Event('visibilitychange'));
		stop();
		window.dispatchEvent(new Event('online'));
		document.dispatchEvent(new Event('visibilitychange'));
		expect(signals).toEqual(['offline', 'online', 'visible']);
	});

	test('is silent where there is no page', () => {
		expect(() => browserEnvironment.watch(() => {})()).not.toThrow();
	});
});
