import { describe, expect, test, vi } from 'vitest';
import type { LiveError } from '../base/errors.ts';
import { outcomeOf, said, Scene } from '../../test/support/scripted-server.ts';
import type { ConnectionState } from './status.ts';

function statesOf(scene: Scene): ConnectionState[] {
	const states: ConnectionState[] = [scene.client.status.state];
	scene.client.onStatus((status) => states.push(status.state));
	return states;
}

describe('connecting', () => {
	test('nothing connects before the first call', async () => {
		const scene = new Scene();
		await scene.clock.advance(60_000);
		expect(scene.sockets).toHaveLength(0);
		expect(scene.client.status).toEqual({ state: 'idle', error: undefined });
	});

	test('the first call connects, says hello, and is sent after the welcome', async () => {
		const scene = new Scene();
		const states = statesOf(scene);
		const answer = scene.client.call('chat/send', ['hi']);
		expect(scene.socket.url).toBe('ws://test/__live');
		scene.socket.open();
		expect(scene.socket.take()).toEqual([{ kind: 'hello', version: 1 }]);
		await scene.clock.settle();
		expect(scene.socket.frames).toHaveLength(1);
		scene.socket.say('["welcome",1,"c1",{}]');
		await scene.clock.settle();
		const [call] = scene.socket.taken('call');
		expect(call).toMatchObject({ path: 'chat/send', args: ['hi'] });
		scene.socket.say(said.result(call!.id, 42));
		expect(await answer).toBe(42);
		expect(states).toEqual(['idle', 'connecting', 'greeting', 'open']);
	});

	test('a function gives the address of every attempt', async () => {
		let attempt = 0;
		const scene = new Scene({ url: () => `ws://host/${++attempt}` });
		scene.client.reconnect();
		scene.socket.drop();
		await scene.clock.advance(5_000);
		expect(scene.sockets.map((socket) => socket.url)).toEqual(['ws://host/1', 'ws://host/2']);
	});

	test('an attempt without a welcome is given up', async () => {
		const scene = new Scene({ connectTimeoutMs: 1_000 });
		scene.client.reconnect();
		scene.socket.open();
		await scene.clock.advance(1_000);
		expect(scene.client.status).toMatchObject({ state: 'waiting', error: { code: 'UNAVAILABLE' } });
		expect(scene.sockets[0]!.closedWith).toBe(1000);
	});

	test('a page without an address refuses and says what to set', async () => {
		const scene = new Scene();
		scene.client.configure({
			url: () => {
				throw new Error('no origin');
			}
		});
		const outcome = await outcomeOf(scene.client.call('a/b', []), scene.clock);
		expect(outcome).toBe('UNAVAILABLE');
		expect(scene.client.status.state).toBe('refused');
		expect(scene.client.status.error?.message).toContain('no origin');
	});
});

describe('losing the connection', () => {
	test('the next attempts come after random delays under a growing bound', async () => {
		const scene = new Scene();
		const attempts: number[] = [];
		scene.random = 0.999;
		scene.client.reconnect();
		for (let count = 0; count < 5; count++) {
			const before = scene.clock.now();
			scene.socket.drop();
			const sockets = scene.sockets.length;
			while (scene.sockets.length === sockets) await scene.clock.runNext();
			attempts.push(scene.clock.now() - before);
		}
		expect(attempts).toEqual([4_495, 8_991, 17_982, 29_970, 29_970]);
	});

	test('a lasting connection starts the delays anew, a short one does not', async () => {
		const scene = new Scene();
		scene.client.reconnect();
		scene.socket.drop();
		await scene.clock.advance(2_500);
		await scene.open();
		scene.socket.drop();
		await scene.clock.advance(2_500);
		expect(scene.sockets).toHaveLength(2);
		await scene.clock.advance(2_500);
		expect(scene.sockets).toHaveLength(3);
		await scene.open();
		await scene.clock.advance(5_000);
		scene.socket.drop();
		await scene.clock.advance(2_500);
		expect(scene.sockets).toHaveLength(4);
	});

	test('a goodbye tells how long to wait, and nothing shortens that', async () => {
		const scene = new Scene();
		await scene.open();
		scene.socket.goodbye('GOING_AWAY', 20_000);
		expect(scene.client.status).toMatchObject({ state: 'waiting', error: { code: 'GOING_AWAY' } });
		scene.signal('visible');
		await scene.clock.advance(19_999);
		expect(scene.sockets).toHaveLength(1);
		await scene.clock.advance(1);
		expect(scene.sockets).toHaveLength(2);
	});

	test('an expired session reconnects at once, but not in a loop', async () => {
		const scene = new Scene();
		await scene.open();
		scene.socket.goodbye('SESSION_EXPIRED');
		await scene.clock.advance(0);
		expect(scene.sockets).toHaveLength(2);
		await scene.open();
		scene.socket.goodbye('SESSION_EXPIRED');
		await scene.clock.advance(0);
		expect(scene.sockets).toHaveLength(2);
		await scene.clock.advance(10_000);
		expect(scene.sockets).toHaveLength(3);
	});

	test('while it waits, the status tells when the next attempt begins', async () => {
		const scene = new Scene();
		await scene.open();
		scene.socket.goodbye('GOING_AWAY', 20_000);
		expect(scene.client.status.retryAt).toBe(scene.clock.wallTime() + 20_000);
		await scene.clock.advance(20_000);
		expect(scene.client.status).toMatchObject({ state: 'connecting', retryAt: undefined });
	});

	test('what follows a goodbye in its frame is not heard', async () => {
		const scene = new Scene();
		const socket = await scene.open();
		socket.say('["goodbye","GOING_AWAY","bye",null]', said.result(1, 1), '["goodbye","UNAUTHORIZED","no",null]');
		expect(scene.client.status).toMatchObject({ state: 'waiting', error: { code: 'GOING_AWAY' } });
	});

	test('what an abandoned socket still reports changes nothing', async () => {
		const scene = new Scene();
		const first = await scene.open();
		scene.client.reconnect();
		await scene.open();
		first.goodbye('UNAUTHORIZED');
		first.drop();
		expect(scene.client.status.state).toBe('open');
	});

	test('silence of two heartbeats ends the connection', async () => {
		const scene = new Scene();
		await scene.open({ heartbeatMs: 1_000 });
		await scene.clock.advance(1_500);
		scene.socket.heartbeat(1);
		await scene.clock.advance(1_999);
		expect(scene.client.status.state).toBe('open');
		await scene.clock.advance(1);
		expect(scene.client.status).toMatchObject({ state: 'waiting', error: { code: 'HEARTBEAT_TIMEOUT' } });
		expect(scene.sockets[0]!.closedWith).toBe(1000);
	});

	test('a heartbeat is answered with its number', async () => {
		const scene = new Scene();
		const socket = await scene.open();
		socket.heartbeat(3);
		await scene.clock.settle();
		expect(socket.take()).toEqual([{ kind: 'pong', beat: 3 }]);
	});

	test.each(['not json', '["event",1]', '["nonsense",1]', '{}', '["welcome",1,"c2",{}]'])(
		'a server that sends %s is left, and the application hears of it',
		async (frame) => {
			const onError = vi.fn<(error: LiveError) => void>();
			const scene = new Scene({ onError });
			const socket = await scene.open();
			socket.say(frame);
			expect(scene.client.status).toMatchObject({ state: 'waiting', error: { code: 'PROTOCOL_ERROR' } });
			expect(socket.closedWith).toBe(1000);
			expect(onError.mock.calls.map(([error]) => error.code)).toEqual(['PROTOCOL_ERROR']);
		}
	);

	test('a message before the welcome is a violation', async () => {
		const scene = new Scene();
		scene.client.reconnect();
		scene.socket.open();
		scene.socket.say(said.result(1, 1));
		expect(scene.client.status.error?.code).toBe('PROTOCOL_ERROR');
	});
});

describe('the environment', () => {
	test('coming online or into view ends the wait', async () => {
		const scene = new Scene();
		scene.client.reconnect();
		for (const [index, signal] of (['online', 'visible'] as const).entries()) {
			scene.socket.drop();
			scene.signal('offline');
			await scene.clock.settle();
			expect(scene.sockets).toHaveLength(index + 1);
			scene.signal(signal);
			await scene.clock.advance(0);
			expect(scene.sockets).toHaveLength(index + 2);
		}
	});

	test('an open connection has a short time to prove that it lives', async () => {
		const scene = new Scene({ pingTimeoutMs: 500 });
		const socket = await scene.open();
		scene.signal('visible');
		await scene.clock.advance(100);
		const [ping] = socket.taken('ping');
		socket.say(`["pong",${ping!.beat}]`);
		await scene.clock.advance(10_000);
		expect(scene.client.status.state).toBe('open');
		scene.signal('offline');
		await scene.clock.advance(500);
		expect(scene.client.status).toMatchObject({ state: 'waiting', error: { code: 'HEARTBEAT_TIMEOUT' } });
	});

	test('is listened to from the first attempt until close', async () => {
		const scene = new Scene();
		expect(scene.watched).toBe(false);
		scene.client.reconnect();
		expect(scene.watched).toBe(true);
		scene.client.close();
		expect(scene.watched).toBe(false);
	});
});

describe('a refusal', () => {
	test.each(['UNAUTHORIZED', 'FORBIDDEN', 'UPGRADE_REQUIRED'])('%s ends all attempts', async (code) => {
		const onError = vi.fn<(error: LiveError) => void>();
		const scene = new Scene({ onError });
		const call = scene.client.call('a/b', []);
		scene.socket.welcome();
		scene.socket.goodbye(code);
		expect(await outcomeOf(call, scene.clock)).toBe('CONNECTION_LOST');
		await scene.clock.advance(600_000);
		expect(scene.sockets).toHaveLength(1);
		expect(scene.client.status).toMatchObject({ state: 'refused', error: { code } });
		expect(await outcomeOf(scene.client.call('a/b', []), scene.clock)).toBe(code);
		expect(onError.mock.calls.map(([error]) => error.code)).toEqual([code]);
	});

	test('rejects the calls that waited with the refusal itself', async () => {
		const scene = new Scene();
		const call = scene.client.call('a/b', []);
		scene.socket.open();
		scene.socket.goodbye('UNAUTHORIZED');
		expect(await outcomeOf(call, scene.clock)).toBe('UNAUTHORIZED');
	});

	test.each<[string, (scene: Scene) => void]>([
		['configure', (scene) => scene.client.configure({})],
		['reconnect()', (scene) => scene.client.reconnect()],
		['coming online', (scene) => scene.signal('online')],
		['coming into view', (scene) => scene.signal('visible')]
	])('is asked again after %s', async (_name, act) => {
		const scene = new Scene();
		scene.client.reconnect();
		scene.socket.open();
		scene.socket.goodbye('UNAUTHORIZED');
		scene.signal('offline');
		expect(scene.sockets).toHaveLength(1);
		act(scene);
		expect(scene.sockets).toHaveLength(2);
		await scene.open();
		expect(scene.client.status).toEqual({ state: 'open', error: undefined });
	});
});

describe('hooks', () => {
	test('connect and disconnect hooks run for a loss, not for the first connection', async () => {
		const happened: string[] = [];
		const scene = new Scene({
			onConnect: () => happened.push('connect'),
			onDisconnect: (error) => happened.push(error.code)
		});
		await scene.open();
		expect(happened).toEqual([]);
		scene.socket.drop();
		await scene.clock.advance(2_500);
		scene.socket.drop();
		await scene.clock.advance(10_000);
		await scene.open();
		expect(happened).toEqual(['CONNECTION_LOST', 'connect']);
	});

	test('an attempt waits for beforeReconnect, and fails with it', async () => {
		const ready: ((error?: Error) => void)[] = [];
		const scene = new Scene({
			beforeReconnect: () =>
				new Promise((resolve, reject) => ready.push((error) => (error ? reject(error) : resolve())))
		});
		await scene.open();
		expect(ready).toHaveLength(0);
		scene.socket.drop();
		await scene.clock.advance(2_500);
		expect(scene.sockets).toHaveLength(1);
		ready[0]!(new Error('no token'));
		await scene.clock.settle();
		expect(scene.client.status).toMatchObject({
			state: 'waiting',
			error: { message: 'beforeReconnect failed: no token' }
		});
		await scene.clock.advance(5_000);
		ready[1]!();
		await scene.clock.settle();
		expect(scene.sockets).toHaveLength(2);
	});

	test('a hook of an attempt that was replaced opens nothing', async () => {
		const ready: (() => void)[] = [];
		const scene = new Scene({ beforeReconnect: () => new Promise((resolve) => ready.push(resolve)) });
		await scene.open();
		scene.client.reconnect();
		await scene.clock.settle();
		scene.client.reconnect();
		await scene.clock.settle();
		for (const resolve of ready) resolve();
		await scene.clock.settle();
		expect(scene.sockets).toHaveLength(2);
	});

	test('a listener may reconnect in the middle of a loss', async () => {
		const scene = new Scene();
		await scene.open();
		scene.client.onStatus(({ state }) => {
			if (state === 'waiting') scene.client.reconnect();
		});
		scene.socket.drop();
		expect(scene.client.status.state).toBe('connecting');
		await scene.open();
		await scene.clock.advance(20_000);
		expect(scene.sockets).toHaveLength(2);
	});
});

describe('configure and close', () => {
	test('a new address replaces the connection', async () => {
		const scene = new Scene();
		const first = await scene.open();
		scene.client.configure({ url: 'ws://other/__live' });
		expect(first.closedWith).toBe(1000);
		expect(scene.socket.url).toBe('ws://other/__live');
	});

	test('options alone do not connect an idle client', () => {
		const scene = new Scene();
		scene.client.configure({ url: 'ws://other/__live' });
		expect(scene.sockets).toHaveLength(0);
	});

	test('close rejects what is open and what comes, until reconnect', async () => {
		const scene = new Scene();
		const socket = await scene.open();
		const call = scene.client.call('a/b', []);
		scene.client.close();
		expect(await outcomeOf(call, scene.clock)).toBe('CONNECTION_LOST');
		expect(await outcomeOf(scene.client.call('a/b', []), scene.clock)).toBe('CLOSED');
		expect(socket.closedWith).toBe(1000);
		await scene.clock.advance(60_000);
		expect(scene.sockets).toHaveLength(1);
		scene.client.reconnect();
		await scene.open();
		expect(scene.client.status.state).toBe('open');
	});

	test('a closed client leaves no timer behind', async () => {
		const scene = new Scene();
		await scene.open();
		void scene.client.call('a/b', []).catch(() => {});
		scene.client.close();
		expect(scene.clock.pending).toBe(0);
	});
});

describe('frames', () => {
	test('messages of one microtask leave as one frame', async () => {
		const scene = new Scene();
		const socket = await scene.open();
		const before = socket.frames.length;
		for (let count = 0; count < 10; count++) void scene.client.call('a/b', [count]);
		await scene.clock.settle();
		expect(socket.frames).toHaveLength(before + 1);
		expect(socket.taken('call').map((call) => call.args[0])).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
	});

	test('no frame is larger than the server allows, in bytes', async () => {
		const scene = new Scene();
		const socket = await scene.open({ messageBytes: 200 });
		for (let count = 0; count < 20; count++) void scene.client.call('a/b', [`${'ü'.repeat(30)}${count}`]);
		await scene.clock.settle();
		const frames = socket.frames.slice(1);
		expect(Math.max(...frames.map((frame) => Buffer.byteLength(frame)))).toBeLessThanOrEqual(200);
		expect(frames.length).toBeLessThan(20);
		expect(socket.taken('call').map((call) => call.args[0])).toHaveLength(20);
	});

	test('what did not leave before a reconnect is not sent on the new socket', async () => {
		const scene = new Scene();
		await scene.open();
		const call = scene.client.call('a/b', []);
		scene.client.reconnect();
		expect(await outcomeOf(call, scene.clock)).toBe('CONNECTION_LOST');
		expect(scene.socket.frames).toEqual([]);
	});

	test('what did not leave before a loss is not sent on the next connection', async () => {
		const scene = new Scene();
		await scene.open();
		const call = scene.client.call('a/b', []);
		scene.socket.drop();
		expect(await outcomeOf(call, scene.clock)).toBe('CONNECTION_LOST');
		await scene.clock.advance(5_000);
		await scene.open();
		expect(scene.socket.frames.some((frame) => frame.includes('a/b'))).toBe(false);
	});
});
