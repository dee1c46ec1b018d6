import { afterEach, describe, expect, test } from 'vitest';
import { eventOf, SocketServer } from '../../test/support/socket-server.ts';
import type { WsClient } from '../../test/support/ws-client.ts';
import { LiveError } from '../base/errors.ts';
import { VirtualClock } from '../testing/virtual-clock.ts';
import { WebSocketEndpointController, type ControllerOptions } from './controller.ts';
import { KEY_LIMITS, SOCKET_LIMITS } from './limits.ts';
import type { SocketConnection } from './socket.ts';

let server: SocketServer;
const controllers: WebSocketEndpointController[] = [];
afterEach(async () => {
	for (const controller of controllers.splice(0)) controller.close();
	await server.stop();
});

function make(options: ControllerOptions = {}): WebSocketEndpointController {
	const controller = new WebSocketEndpointController({ onError: () => {}, ...options });
	controllers.push(controller);
	return controller;
}

/** An endpoint, the errors that it was told of, and its first socket. */
function endpointOf(controller: WebSocketEndpointController) {
	const errors: unknown[] = [];
	const opened = Promise.withResolvers<SocketConnection>();
	controller.continuous('/limited', {
		connect: (socket) => opened.resolve(socket),
		error: (_socket, error) => void errors.push(error instanceof LiveError ? error.code : error)
	});
	return { errors, opened: opened.promise };
}

test('the defaults are those of the documents', async () => {
	server = await SocketServer.start();
	expect({ ...SOCKET_LIMITS, ...KEY_LIMITS }).toEqual({
		maxSockets: 10_000,
		messageBytes: 65_536,
		queueBytes: 1_048_576,
		keyTtlMs: 120_000,
		keysPerSession: 32,
		maxKeys: 10_000
	});
});

test.each([0, -1, NaN])('a limit of %d is refused', async (maxSockets) => {
	server = await SocketServer.start();
	expect(() => make({ maxSockets })).toThrow('tidewire: "maxSockets" must be above 0');
});

describe('beyond a limit', () => {
	test('of sockets, the next one is told, and there is room again when one has left', async () => {
		server = await SocketServer.start();
		make({ maxSockets: 9 }).continuous('/limited', (socket) => void socket.send('in'), { maxSockets: 1 });
		const first = await server.connect('/limited');
		expect(await first.next()).toBe('in');
		expect(await (await server.connect('/limited', 'user=bob')).closed).toEqual({
			code: 4429,
			reason: 'TOO_MANY: /limited has 1 sockets; the limit is "maxSockets"'
		});
		first.close(1000, '');
		await first.closed;
		expect(await (await server.connect('/limited')).next()).toBe('in');
	});

	test('of connections per user, sockets count like live ones', async () => {
		server = await SocketServer.start({ limits: { connectionsPerUser: 1 } });
		endpointOf(make());
		await server.connect('/limited');
		const { code, reason } = await (await server.connect('/limited')).closed;
		expect([code, reason]).toEqual([4429, expect.stringContaining('"connectionsPerUser"')]);
		expect(server.live.connections.size).toBe(1);
	});

	test('of a message, the peer is closed with 1009, and the handler is told', async () => {
		server = await SocketServer.start();
		const { errors } = endpointOf(make({ messageBytes: 10 }));
		const client = await server.connect('/limited');
		client.send('x'.repeat(11));
		expect(await client.closed).toEqual({ code: 1009, reason: 'TOO_LARGE: "messageBytes" is 10' });
		expect(errors).toEqual(['TOO_LARGE']);
	});

	test('of what waits, a peer that does not read is closed with 4508, and a faithful sender waits', async () => {
		server = await SocketServer.start();
		const { errors, opened } = endpointOf(make({ queueBytes: 200_000 }));
		const client = await server.connect('/limited');
		const socket = await opened;
		client.stopReading();
		const part = 'x'.repeat(50_000);
		let waits: Promise<boolean> | undefined;
		// Until the kernel takes no more.
		while (socket.bufferedAmount < 120_000) waits = socket.send(part);
		expect(await Promise.race([waits, Promise.resolve('waits')])).toBe('waits');
		while (socket.state === 'open') void socket.send(part);
		expect(errors).toEqual(['SLOW_CONSUMER']);
		expect(await waits).toBe(false);
		client.vanish();
	});

	test('of what waits, one message alone is the sender’s mistake', async () => {
		server = await SocketServer.start();
		const { opened } = endpointOf(make({ queueBytes: 10 }));
		await server.connect('/limited');
		const socket = await opened;
		expect(() => socket.send(new Uint8Array(11))).toThrow('a message of 11 bytes; "queueBytes" is 10');
		expect(await socket.send('x'.repeat(10))).toBe(true);
	});
});

describe('a sender that waits for each message', () => {
	test('goes as fast as its peer reads, and loses nothing', async () => {
		server = await SocketServer.start();
		const { opened } = endpointOf(make({ queueBytes: 200_000 }));
		const client = await server.connect('/limited');
		const socket = await opened;
		client.stopReading();
		const count = 400;
		let sent = 0;
		const sending = (async () => {
			for (; sent < count; sent++) expect(await socket.send(`${sent} ${'x'.repeat(50_000)}`)).toBe(true);
		})();
		while (socket.bufferedAmount === 0) await new Promise((resolve) => setImmediate(resolve));
		expect(sent).toBeLessThan(count);
		client.startReading();
		for (let index = 0; index < count; index++) expect(parseInt(String(await client.next()), 10)).toBe(index);
		await sending;
		expect(await socket.drained()).toBe(true);
	});

	test('a slow handler slows its peer down', async () => {
		server = await SocketServer.start();
		const gate = Promise.withResolvers<void>();
		const taken: number[] = [];
		make().continuous('/limited', {
			async message(socket, data) {
				await gate.promise;
				taken.push(data.length);
				if (taken.length === 400) void socket.send('done');
			}
		});
		const client = await server.connect('/limited');
		for (let index = 0; index < 400; index++) client.send('x'.repeat(60_000));
		await expectStuck(client);
		gate.resolve();
		expect(await client.next()).toBe('done');
		expect(taken).toHaveLength(400);
	});
});

/** The peer has something to send, and for many passes of the event loop nothing of it leaves. */
async function expectStuck(client: WsClient): Promise<void> {
	for (let unchanged = 0, before = -1; unchanged < 200; before = client.unsentBytes) {
		await new Promise((resolve) => setImmediate(resolve));
		unchanged = client.unsentBytes === before ? unchanged + 1 : 0;
	}
	expect(client.unsentBytes).toBeGreaterThan(0);
}

/** A message waits behind the one that is being taken. */
async function expectPaused({ live }: SocketServer): Promise<void> {
	const pending = (): number => [...live.connections].reduce((sum, { pendingCalls }) => sum + pendingCalls, 0);
	while (pending() < 2) await new Promise((resolve) => setImmediate(resolve));
	expect(pending()).toBe(2);
}

describe('a socket ends', () => {
	test('when its peer does not answer two heartbeats', async () => {
		const clock = new VirtualClock({ defer: setImmediate });
		server = await SocketServer.start({ clock, limits: { heartbeatMs: 8_000 } });
		const { errors, opened } = endpointOf(make());
		const silent = await server.connect('/limited');
		const socket = await opened;
		silent.stopReading();
		await clock.advance(16_000);
		expect(errors).toEqual(['HEARTBEAT_TIMEOUT']);
		expect(socket.state).not.toBe('open');
	});

	test('not while a slow handler keeps us from reading its answers', async () => {
		const clock = new VirtualClock({ defer: setImmediate });
		server = await SocketServer.start({ clock, limits: { heartbeatMs: 8_000 } });
		const opened = Promise.withResolvers<SocketConnection>();
		const gate = Promise.withResolvers<void>();
		make().continuous('/limited', (socket) => {
			socket.addEventListener('message', () => gate.promise);
			opened.resolve(socket);
		});
		const client = await server.connect('/limited');
		const socket = await opened.promise;
		client.send('taken');
		client.send('waits');
		await expectPaused(server);
		await clock.advance(40_000);
		expect(socket.state).toBe('open');
		gate.resolve();
	});

	test('not while its peer answers', async () => {
		const clock = new VirtualClock({ defer: setImmediate });
		server = await SocketServer.start({ clock, limits: { heartbeatMs: 8_000 } });
		const { opened } = endpointOf(make());
		const client = await server.connect('/limited');
		const socket = await opened;
		for (let beat = 0; beat < 4; beat++) {
			await clock.advance(8_000);
			client.send('read this, so the pong before it was read as well');
			await new Promise<void>((resolve) => {
				socket.addEventListener('message', () => resolve(), { once: true });
			});
		}
		expect(socket.state).toBe('open');
	});

	test('when its user is revoked', async () => {
		const clock = new VirtualClock({ defer: setImmediate });
		server = await SocketServer.start({ clock });
		endpointOf(make());
		const client = await server.connect('/limited');
		await server.live.revoke('ada');
		expect((await client.closed).code).toBe(4410);
	});

	test('at shutdown with 1001, when its handlers are done', async () => {
		server = await SocketServer.start();
		const gate = Promise.withResolvers<void>();
		const log: string[] = [];
		make().continuous('/limited', {
			async message(socket) {
				log.push('begun');
				await gate.promise;
				void socket.send('answer');
			},
			close: () => void log.push('closed')
		});
		const client = await server.connect('/limited');
		client.send('question');
		while (log.length === 0) await new Promise((resolve) => setImmediate(resolve));
		const drained = server.live.drain(5_000);
		expect(await (await server.connect('/limited')).closed).toMatchObject({ code: 1001 });
		gate.resolve();
		expect(await client.next()).toBe('answer');
		expect((await client.closed).code).toBe(1001);
		await drained;
		expect(log).toEqual(['begun', 'closed']);
	});
});

test('a shutdown waits for the handler of a peer that has left', async () => {
	server = await SocketServer.start();
	const [begun, gate, left] = [
		Promise.withResolvers<void>(),
		Promise.withResolvers<void>(),
		Promise.withResolvers<void>()
	];
	const log: string[] = [];
	make().continuous('/limited', async (socket) => {
		socket.signal.addEventListener('abort', () => left.resolve());
		socket.addEventListener('message', async () => {
			begun.resolve();
			await gate.promise;
			log.push('stored');
		});
	});
	const client = await server.connect('/limited');
	client.send('store this');
	await begun.promise;
	client.vanish();
	await left.promise;
	const drained = server.live.drain(5_000).then(() => log.push('drained'));
	await new Promise((resolve) => setImmediate(resolve));
	gate.resolve();
	await drained;
	expect(log).toEqual(['stored', 'drained']);
});

describe('in development', () => {
	test('a newer version of an endpoint takes the place of its whole controller', async () => {
		server = await SocketServer.start();
		const { socketRegistry } = await import('./registry.ts');
		socketRegistry().serve({ base: '', path: '/__live', isDevelopment: true });
		const [older, newer] = [make(), make()];
		older.continuous('/kept', (socket) => void socket.send('older'));
		older.continuous('/renamed', () => {});
		const url = await older.use(eventOf('user=ada'), () => {});
		const client = await server.connect('/kept');
		expect(await client.next()).toBe('older');
		newer.continuous('/kept', (socket) => void socket.send('newer'));
		expect(await client.closed).toMatchObject({ code: 1001 });
		expect(await (await server.connect('/kept')).next()).toBe('newer');
		await expect(server.connect('/renamed')).rejects.toMatchObject({ status: 404 });
		expect((await (await server.connect(url)).closed).code).toBe(4404);
		expect([older.sockets.size, older.unusedKeys, newer.sockets.size]).toEqual([0, 0, 1]);
		expect(() => newer.continuous('/kept', () => {})).toThrow('already');
	});
});
