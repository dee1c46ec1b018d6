import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import { connect as connectTcp, type AddressInfo, type Socket } from 'node:net';
import { afterEach, describe, expect, test } from 'vitest';
import { text } from '../../../test/support/frames/frame.ts';
import { connectRaw, type UpgradeRefused } from '../../../test/support/ws-client.ts';
import { systemClock } from '../../base/clock.ts';
import type { SocketEvents, TransportSocket } from '../../server/transport.ts';
import { transportContract } from '../../testing/transport-contract.ts';
import { attach } from './attach.ts';
import { beforeClose } from './before-close.ts';
import type { AttachOptions } from './options.ts';

interface User {
	name: string;
}
const running = new Set<Server>();
const HANDSHAKE =
	'GET /__live HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n' +
	'Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n';
const silent: SocketEvents = { message() {}, drained() {}, closed() {} };

afterEach(async () => {
	for (const server of running) {
		server.closeAllConnections();
		server.close();
	}
	running.clear();
});

async function serve(options: Partial<AttachOptions<User>> = {}) {
	const server = createServer((_request, response) => response.end('page'));
	const sessions: (User | null)[] = [];
	const sockets: TransportSocket[] = [];
	const attachment = attach<User>(server, {
		server: {
			accept(socket, session) {
				sessions.push(session);
				sockets.push(socket);
				return silent;
			}
		},
		authorize: () => ({ session: { name: 'ada' } }),
		...options
	});
	running.add(server);
	server.listen(0, '127.0.0.1');
	await once(server, 'listening');
	const { port } = server.address() as AddressInfo;
	return { server, sessions, sockets, attachment, port, url: `ws://127.0.0.1:${port}/__live` };
}

const refusalOf = (attempt: Promise<unknown>): Promise<UpgradeRefused> =>
	attempt.then(
		() => expect.fail('the upgrade was let through'),
		(error: unknown) => error as UpgradeRefused
	);

describe('the Node transport keeps the contract', () => {
	const contract = transportContract({
		async connect(accept) {
			const { url } = await serve({ server: { accept } });
			return connectRaw(url);
		}
	});
	test.each(contract)('$title', async ({ run }) => {
		await expect(run()).resolves.toBeUndefined();
	});
});

describe('an upgrade', () => {
	test('carries the session that authorize found', async () => {
		const { url, sessions } = await serve({
			authorize: ({ headers }) => ({ session: { name: headers.cookie ?? '' } })
		});
		await connectRaw(url, { headers: { cookie: 'user=bob' } });
		expect(sessions).toEqual([{ name: 'user=bob' }]);
	});

	test('of nobody reaches the server, which says so in its own words', async () => {
		const { url, sessions } = await serve({ authorize: () => ({ session: null }) });
		await connectRaw(url);
		expect(sessions).toEqual([null]);
	});

	test('is refused with the status and the reason that authorize gives', async () => {
		const { url } = await serve({ authorize: () => ({ status: 451, reason: 'Not here.' }) });
		expect(await refusalOf(connectRaw(url))).toMatchObject({ status: 451, body: 'Not here.\n' });
	});

	test('is refused with 500 and no detail when authorize throws', async () => {
		const { url } = await serve({
			authorize: () => {
				throw new Error('the database said: secret');
			}
		});
		expect(await refusalOf(connectRaw(url))).toMatchObject({ status: 500, body: 'Authorization failed.\n' });
	});

	test('is refused with 503 when authorize takes too long', async () => {
		const clock = { ...systemClock, setTimer: (run: () => void) => run() };
		const { url } = await serve({ clock, authorize: () => new Promise(() => {}) });
		expect((await refusalOf(connectRaw(url))).status).toBe(503);
	});

	test('of a foreign page is refused with 403 and a reason', async () => {
		const { url, sessions } = await serve();
		const refusal = await refusalOf(connectRaw(url, { origin: 'https://evil.example' }));
		expect(refusal.status).toBe(403);
		expect(refusal.body).toContain('https://evil.example');
		expect(sessions).toEqual([]);
	});

	test('of its own page, of an allowed page and of no page is welcome', async () => {
		const { url, port, sessions } = await serve({ origins: ['https://app.example'] });
		await connectRaw(url, { origin: `http://127.0.0.1:${port}` });
		await connectRaw(url, { origin: 'https://app.example' });
		await connectRaw(url);
		expect(sessions).toHaveLength(3);
	});

	test('does not trust a forwarded host', async () => {
		const { url } = await serve();
		const headers = { 'x-forwarded-host': 'evil.example', 'x-forwarded-proto': 'https' };
		const refusal = await refusalOf(connectRaw(url, { origin: 'https://evil.example', headers }));
		expect(refusal.status).toBe(403);
	});

	test('with another method than GET is refused before anybody is asked', async () => {
		let asked = 0;
		const { port } = await serve({
			authorize: () => {
				asked++;
				return { session: null };
			}
		});
		const raw = connectTcp(port, '127.0.0.1');
		raw.write(HANDSHAKE.replace('GET', 'POST'));
		const [head] = (await once(raw, 'data')) as [Buffer];
		raw.destroy();
		expect(head.toString()).toMatch(/^HTTP\/1\.1 405 /);
		expect(asked).toBe(0);
	});

	test('that is refused holds no socket, whatever the peer does', async () => {
		const { port, server } = await serve({ authorize: () => ({ status: 403, reason: 'No.' }) });
		const accepted = once(server, 'connection') as Promise<[Socket]>;
		const raw = connectTcp({ port, host: '127.0.0.1', allowHalfOpen: true });
		raw.write(HANDSHAKE);
		const [socket] = await accepted;
		await once(raw, 'data');
		if (!socket.destroyed) await once(socket, 'close');
		expect(socket.destroyed).toBe(true);
		raw.destroy();
	});

	test('sets the cookies that authorize asks for', async () => {
		const { port } = await serve({ authorize: () => ({ session: null, setCookies: ['session=new; HttpOnly'] }) });
		const raw = connectTcp(port, '127.0.0.1');
		raw.write(HANDSHAKE);
		const [head] = (await once(raw, 'data')) as [Buffer];
		raw.destroy();
		expect(head.toString()).toMatch(/^HTTP\/1\.1 101 [^]*\r\nSet-Cookie: session=new; HttpOnly\r\n/);
	});

	test('may come in one packet with the first messages', async () => {
		const messages: unknown[] = [];
		const second = Promise.withResolvers<void>();
		const message = (data: string | Uint8Array): void => {
			if (messages.push(data) === 2) second.resolve();
		};
		const { port } = await serve({ server: { accept: () => ({ ...silent, message }) } });
		const raw = connectTcp(port, '127.0.0.1');
		raw.write(Buffer.concat([Buffer.from(HANDSHAKE), text('first'), text('second')]));
		await second.promise;
		raw.destroy();
		expect(messages).toEqual(['first', 'second']);
	});

	test('of another path is left to others', async () => {
		const { server, url } = await serve();
		const others = once(server, 'upgrade');
		const attempt = connectRaw(url.replace('__live', 'hmr')).catch(() => 'gone');
		const [request, socket] = (await others) as [{ url: string }, { destroyed: boolean; destroy(): void }];
		expect(request.url).toBe('/hmr');
		expect(socket.destroyed).toBe(false);
		socket.destroy();
		expect(await attempt).toBe('gone');
	});

	test('of another path is answered with 404 where nobody else listens', async () => {
		const { url } = await serve();
		expect((await refusalOf(connectRaw(url.replace('__live', 'other')))).status).toBe(404);
	});

	test('of a peer that is gone before authorize answers hurts nobody', async () => {
		const gate = Promise.withResolvers<{ session: null }>();
		const entered = Promise.withResolvers<void>();
		const { port, sessions, url } = await serve({
			authorize: ({ headers }) => {
				if (headers.cookie) return { session: null };
				entered.resolve();
				return gate.promise;
			}
		});
		const raw = connectTcp(port, '127.0.0.1');
		raw.write(HANDSHAKE);
		await entered.promise;
		raw.resetAndDestroy();
		await once(raw, 'close');
		gate.resolve({ session: null });
		await connectRaw(url, { headers: { cookie: 'later' } });
		expect(sessions.length).toBeGreaterThanOrEqual(1);
	});
});

describe('a message', () => {
	test('of up to twice the limit reaches the server, which refuses it in its own words', async () => {
		const received = Promise.withResolvers<number>();
		const accept = () => ({ ...silent, message: (data: string | Uint8Array) => received.resolve(data.length) });
		const { url } = await serve({ messageBytes: 1_000, server: { accept } });
		const client = await connectRaw(url);
		client.send('x'.repeat(2_000));
		expect(await received.promise).toBe(2_000);
	});

	test('above twice the limit closes the connection with 1009', async () => {
		const { url } = await serve({ messageBytes: 1_000 });
		const client = await connectRaw(url);
		client.send('x'.repeat(2_001));
		expect((await client.closed).code).toBe(1009);
	});

	test('that is no UTF-8 closes the connection with 1007', async () => {
		const { port } = await serve();
		const raw = connectTcp(port, '127.0.0.1');
		raw.write(HANDSHAKE);
		await once(raw, 'data');
		raw.write(Buffer.from([0x81, 0x81, 0, 0, 0, 0, 0xff]));
		const [close] = (await once(raw, 'data')) as [Buffer];
		raw.destroy();
		expect([...close.subarray(0, 4)]).toEqual([0x88, 0x02, 1007 >> 8, 1007 & 0xff]);
	});
});

describe('a peer that never answers a close', () => {
	test('is cut off after the close timeout', async () => {
		const closed = Promise.withResolvers<number>();
		const { url, sockets } = await serve({
			closeTimeoutMs: 20,
			server: {
				accept(socket) {
					sockets.push(socket);
					return { ...silent, closed: (code) => closed.resolve(code) };
				}
			}
		});
		const client = await connectRaw(url);
		client.stopReading();
		sockets[0]!.close(1001, 'going');
		expect(await closed.promise).toBe(1006);
	});
});

describe('a detached transport', () => {
	test('takes no more upgrades and keeps its sockets', async () => {
		const { attachment, url, server } = await serve();
		await connectRaw(url);
		attachment.detach();
		expect(server.listenerCount('upgrade')).toBe(0);
	});
});

describe('closing the HTTP server', () => {
	test('drains its sockets once, however often it is closed', async () => {
		const { server, sockets, url } = await serve();
		let drains = 0;
		beforeClose(server, async () => {
			drains++;
			for (const socket of sockets) socket.close(1001, 'going');
		});
		const client = await connectRaw(url);
		const closed = new Promise((resolve) => server.close(resolve));
		server.close();
		expect((await client.closed).code).toBe(1001);
		await closed;
		expect(drains).toBe(1);
	});
});
