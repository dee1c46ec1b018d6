import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { eventOf, SocketServer } from '../../test/support/socket-server.ts';
import type { WsClient } from '../../test/support/ws-client.ts';
import { LiveError } from '../base/errors.ts';
import { WebSocketEndpointController, type ControllerOptions } from './controller.ts';
import type { SocketCloseEvent, SocketConnection } from './socket.ts';

let server: SocketServer;
const controllers: WebSocketEndpointController[] = [];
beforeEach(async () => {
	server = await SocketServer.start();
});
afterEach(async () => {
	for (const controller of controllers.splice(0)) controller.close();
	await server.stop();
});

function make(options: ControllerOptions = {}): WebSocketEndpointController {
	const controller = new WebSocketEndpointController({ onError: () => {}, ...options });
	controllers.push(controller);
	return controller;
}

const echo = (socket: SocketConnection): void => {
	socket.addEventListener('message', ({ data }) => socket.send(data));
};

describe('a one-time address', () => {
	test('gives its handler to the session that asked, once', async () => {
		const sockets = make();
		const url = await sockets.use(eventOf('user=ada'), (socket) => {
			void socket.send(`hello ${socket.user.id}`);
			echo(socket);
		});
		expect(url).toMatch(/^\/__live\/connect\/([\w-]{12}\.){2}[\w-]{43}$/);
		const client = await server.connect(url);
		expect(await client.next()).toBe('hello ada');
		client.send('text');
		client.send(new Uint8Array([1, 2, 255]));
		expect(await client.next()).toBe('text');
		expect(await client.next()).toEqual(new Uint8Array([1, 2, 255]));
		const again = await server.connect(url);
		expect(await again.closed).toMatchObject({ code: 4404, reason: expect.stringContaining('NOT_FOUND: ') });
	});

	test('of the first user is closed to a second one, and still there for the first', async () => {
		const met: unknown[] = [];
		const url = await make().use(eventOf('user=ada'), ({ user }) => void met.push(user.id));
		for (const cookie of ['user=bob', '', 'tidewire-visitor=x']) {
			const stranger = await server.connect(url, cookie);
			expect(await stranger.closed).toMatchObject({
				code: 4403,
				reason: 'FORBIDDEN: another session asked for this address'
			});
		}
		const ada = await server.connect(url);
		ada.close(1000, '');
		await ada.closed;
		expect(met).toEqual(['ada']);
	});

	test('of a visitor without a session belongs to the browser, by a cookie', async () => {
		const sockets = make();
		const first = eventOf('');
		const [url, next] = [await sockets.use(first, echo), await sockets.use(first, echo)];
		const other = eventOf('');
		await sockets.use(other, echo);
		expect(first.cookie()).not.toBe(other.cookie());
		for (const cookie of ['', other.cookie(), 'user=ada'])
			expect((await (await server.connect(url, cookie)).closed).code).toBe(4403);
		// Whoever signed in meanwhile is still in the same browser.
		for (const [path, cookie] of [
			[url, first.cookie()],
			[next, `user=ada; ${first.cookie()}`]
		] as const) {
			const client = await server.connect(path, cookie);
			client.send('hi');
			expect(await client.next()).toBe('hi');
		}
	});

	test('has one winner where many upgrades come at the same time', async () => {
		let opened = 0;
		const url = await make().use(eventOf('user=ada'), (socket) => {
			opened++;
			void socket.send('yours');
		});
		const gate = Promise.withResolvers<void>();
		server.gate = gate.promise;
		const connects = Array.from({ length: 20 }, () => server.connect(url));
		gate.resolve();
		const clients = await Promise.all(connects);
		const ends = await Promise.all(
			clients.map((client) => Promise.race([client.next(), client.closed.then(({ code }) => code)]))
		);
		expect(ends.filter((end) => end === 'yours')).toHaveLength(1);
		expect(ends.filter((end) => end === 4404)).toHaveLength(19);
		expect(opened).toBe(1);
	});

	test('has a guard like every other socket, and one that fails leaves it for another try', async () => {
		let isOpen = false;
		const sockets = make({ guard: () => isOpen });
		const url = await sockets.use(eventOf('user=ada'), echo);
		expect((await (await server.connect(url)).closed).code).toBe(4403);
		isOpen = true;
		const client = await server.connect(url);
		client.send('in');
		expect(await client.next()).toBe('in');
	});

	test('of another process is refused with a reason, and of none as unknown', async () => {
		const url = await make().use(eventOf('user=ada'), echo);
		const elsewhere = url.replace(server.live.processId, 'another-proc');
		expect(await (await server.connect(elsewhere)).closed).toEqual({
			code: 4503,
			reason: 'UNAVAILABLE: another process of the app made this address, and it cannot be reached from here'
		});
		for (const key of ['', '.', 'a.b', `${server.live.processId}.x.y`])
			expect([4404, 4503]).toContain((await (await server.connect(`/__live/connect/${key}`)).closed).code);
	});

	test('shows its handler no key', async () => {
		const seen: string[] = [];
		const url = await make().use(eventOf('user=ada'), (socket) => void seen.push(socket.url.pathname));
		const client = await server.connect(url);
		client.close(1000, '');
		await client.closed;
		expect(seen).toEqual(['/__live/connect/']);
	});

	test('that nobody uses is freed with its handler, and too many are refused', async () => {
		const sockets = make({ keysPerSession: 1 });
		await sockets.use(eventOf('user=ada'), echo);
		expect(sockets.unusedKeys).toBe(1);
		await expect(sockets.use(eventOf('user=ada'), echo)).rejects.toMatchObject({ code: 'TOO_MANY' });
		await sockets.use(eventOf('user=bob'), echo);
		sockets.close();
		expect(sockets.unusedKeys).toBe(0);
	});
});

describe('an endpoint', () => {
	test('has the parameters of its path, and every socket its own', async () => {
		const rooms = make().continuous('/rooms/[room]', (socket) => void socket.send(socket.params.room));
		const [red, blue] = [await server.connect('/rooms/red'), await server.connect('/rooms/blue%2Fgreen')];
		expect(await red.next()).toBe('red');
		expect(await blue.next()).toBe('blue/green');
		await rooms.broadcast('all');
		expect([await red.next(), await blue.next()]).toEqual(['all', 'all']);
		expect(rooms.sockets.size).toBe(2);
		expect([...rooms.sockets].map(({ peers }) => peers)).toEqual([rooms.sockets, rooms.sockets]);
	});

	test('is asked for by the most exact path', async () => {
		const sockets = make();
		sockets.continuous('/a/[...rest]', (socket) => void socket.send('rest'));
		sockets.continuous('/a/[b]', (socket) => void socket.send('param'));
		sockets.continuous('/a/b', (socket) => void socket.send('fixed'));
		const answers = ['/a/b', '/a/c', '/a/b/c'].map(async (path) => (await server.connect(path)).next());
		expect(await Promise.all(answers)).toEqual(['fixed', 'param', 'rest']);
		expect(() => sockets.continuous('/a/[c]', echo)).toThrow('"/a/[c]" has a socket endpoint already ("/a/[b]")');
		expect(() => make().continuous('/a/b', echo)).toThrow('has a socket endpoint already');
	});

	test('lets nobody in whom the application does not know, unless it says so', async () => {
		const sockets = make();
		sockets.continuous('/members', echo);
		sockets.continuous('/all', (socket) => void socket.send(JSON.stringify(socket.user)), { anonymous: true });
		expect(await (await server.connect('/members', '')).closed).toMatchObject({
			code: 4401,
			reason: expect.stringMatching(/^UNAUTHORIZED: /)
		});
		expect(await (await server.connect('/all', '')).next()).toBe('null');
	});

	test('asks its guards before the upgrade, with the request, and nothing but true lets in', async () => {
		const sockets = make({ guard: ({ session }) => session?.user.id !== 'eve' });
		let answer: unknown;
		const seen: unknown[] = [];
		const guard = ({ params, remoteAddress, url }: { params: object; remoteAddress: unknown; url: URL }) => {
			seen.push({ ...params }, remoteAddress, url.pathname);
			if (answer instanceof Error) throw answer;
			return answer as boolean;
		};
		sockets.continuous('/rooms/[room]', echo, { guard });
		for (const [given, code, reason] of [
			[false, 4403, 'FORBIDDEN'],
			[undefined, 4403, 'FORBIDDEN'],
			[{}, 4403, 'FORBIDDEN'],
			[new LiveError('UNAUTHORIZED', 'members only'), 4401, 'UNAUTHORIZED: members only'],
			[new LiveError('NOT_FOUND', 'no such room'), 4404, 'NOT_FOUND: no such room'],
			[new Error('secret'), 4500, 'INTERNAL: something went wrong on the server']
		] as const) {
			answer = given;
			expect(await (await server.connect('/rooms/red')).closed).toEqual({ code, reason });
		}
		expect(seen.slice(0, 3)).toEqual([{ room: 'red' }, '192.0.2.1', '/rooms/red']);
		const asked = seen.length;
		expect((await (await server.connect('/rooms/red', 'user=eve')).closed).code).toBe(4403);
		expect(seen).toHaveLength(asked);
	});

	test('that is removed closes its sockets and takes no more', async () => {
		const sockets = make();
		const endpoint = sockets.continuous('/gone', echo);
		const client = await server.connect('/gone');
		endpoint.remove();
		expect(await client.closed).toEqual({ code: 1001, reason: 'GOING_AWAY: the endpoint was removed' });
		await expect(server.connect('/gone')).rejects.toMatchObject({ status: 404 });
		sockets.continuous('/gone', echo);
		expect(sockets.sockets.size).toBe(0);
	});
});

describe('the hooks of a socket', () => {
	test('run in order: connect, every message, close', async () => {
		const log: unknown[] = [];
		const ended = Promise.withResolvers<SocketCloseEvent>();
		const connected = Promise.withResolvers<void>();
		make().continuous('/hooks', {
			async connect() {
				log.push('connect');
				await connected.promise;
				log.push('connected');
			},
			async message(_socket, data) {
				log.push(`begin ${String(data)}`);
				await new Promise((resolve) => setImmediate(resolve));
				log.push(`end ${String(data)}`);
			},
			close(socket, event) {
				log.push(`close ${socket.state}`);
				ended.resolve(event);
			}
		});
		const client = await server.connect('/hooks');
		client.send('a');
		client.send('b');
		client.close(4000, 'enough');
		await new Promise((resolve) => setImmediate(resolve));
		connected.resolve();
		expect(await ended.promise).toEqual({ type: 'close', code: 4000, reason: 'enough', wasClean: true });
		expect(log).toEqual(['connect', 'connected', 'begin a', 'end a', 'begin b', 'end b', 'close closed']);
	});

	test('bytes are a copy of their own, which keeps nothing else in memory', async () => {
		const taken = Promise.withResolvers<Uint8Array>();
		make().continuous('/bytes', {
			message: (_socket, data) => taken.resolve(data as Uint8Array)
		});
		(await server.connect('/bytes')).send(new Uint8Array([1, 2, 3]));
		const bytes = await taken.promise;
		expect([bytes.constructor, bytes.buffer.byteLength]).toEqual([Uint8Array, 3]);
	});

	test('messages wait for the first listener of a handler that is still busy', async () => {
		const ready = Promise.withResolvers<void>();
		make().continuous('/late', async (socket) => {
			await ready.promise;
			echo(socket);
			await new Promise(() => {}); // goes on working for ever
		});
		const client = await server.connect('/late');
		client.send('early');
		await new Promise((resolve) => setImmediate(resolve));
		ready.resolve();
		expect(await client.next()).toBe('early');
	});

	test.each([
		['connect', new LiveError('FORBIDDEN', 'not today'), 4403, 'FORBIDDEN: not today'],
		['connect', new Error('secret'), 4500, 'INTERNAL: something went wrong on the server'],
		['message', new Error('secret'), 4500, 'INTERNAL: something went wrong on the server'],
		['later', new Error('secret'), 4500, 'INTERNAL: something went wrong on the server']
	])('an error in %s closes the socket with %s', async (where, error, ...end) => {
		const [reported, told]: [unknown[], unknown[]] = [[], []];
		const sockets = make({ onError: (path, failure) => void reported.push([path, failure]) });
		sockets.continuous('/fails', {
			connect() {
				if (where === 'connect') throw error;
			},
			message() {
				if (where === 'message') throw error;
				return Promise.reject(error);
			},
			error: (_socket, failure) => void told.push(failure)
		});
		const client = await server.connect('/fails');
		client.send('go');
		const [code, reason] = end;
		expect(await client.closed).toEqual({ code, reason });
		expect(told).toEqual([error]);
		expect(reported).toEqual(error instanceof LiveError ? [] : [['/fails', error]]);
	});

	test('listeners come and go as on an EventTarget, and one that rejects does not end the process', async () => {
		const heard: string[] = [];
		const gone = new AbortController();
		make().continuous('/listeners', (socket) => {
			const removed = (): void => void heard.push('removed');
			socket.addEventListener('message', () => void heard.push('once'), { once: true });
			socket.addEventListener('message', () => void heard.push('signal'), { signal: gone.signal });
			socket.addEventListener('message', removed);
			socket.removeEventListener('message', removed);
			socket.addEventListener('message', ({ data }) =>
				data === 'fail' ? Promise.reject(new Error('no')) : null
			);
			socket.addEventListener('error', ({ error }) => void heard.push((error as Error).message));
			echo(socket);
		});
		const client = await server.connect('/listeners');
		client.send('1');
		await client.next();
		gone.abort();
		client.send('2');
		await client.next();
		client.send('fail');
		expect((await client.closed).code).toBe(4500);
		expect(heard).toEqual(['once', 'signal', 'no']);
	});

	test('the signal of a socket stops what works for it', async () => {
		const stopped = Promise.withResolvers<string>();
		make().continuous('/signal', (socket) => {
			socket.signal.addEventListener('abort', () => stopped.resolve(socket.state));
		});
		const client = await server.connect('/signal');
		client.vanish();
		expect(await stopped.promise).toBe('closed');
	});
});

describe('a close', () => {
	async function open(): Promise<{ client: WsClient; socket: SocketConnection }> {
		const opened = Promise.withResolvers<SocketConnection>();
		make().continuous('/close', (socket) => opened.resolve(socket));
		const client = await server.connect('/close');
		return { client, socket: await opened.promise };
	}

	test('sends what was sent before it, then its code and reason', async () => {
		const { client, socket } = await open();
		void socket.send('last');
		socket.close(4001, 'done');
		expect(await socket.send('late')).toBe(false);
		expect(await socket.drained()).toBe(false);
		expect(await client.next()).toBe('last');
		expect(await client.closed).toEqual({ code: 4001, reason: 'done' });
	});

	test('with a code that may not be sent is refused', async () => {
		const { socket } = await open();
		for (const code of [0, 999, 1005, 1006, 2000, 5000])
			expect(() => socket.close(code)).toThrow(expect.objectContaining({ code: 'BAD_REQUEST' }) as Error);
	});

	test('that the peer does not make is reported as not clean', async () => {
		const { client, socket } = await open();
		const ended = Promise.withResolvers<SocketCloseEvent>();
		socket.addEventListener('close', (event) => ended.resolve(event));
		client.vanish();
		expect(await ended.promise).toEqual({ type: 'close', code: 1006, reason: '', wasClean: false });
	});
});
