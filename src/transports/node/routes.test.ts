import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, test } from 'vitest';
import { connectRaw } from '../../../test/support/ws-client.ts';
import type { SocketEvents } from '../../server/transport.ts';
import { attach } from './attach.ts';
import type { SocketRoutes } from './options.ts';

const running = new Set<Server>();
const silent: SocketEvents = { message() {}, drained() {}, closed() {} };

afterEach(() => {
	for (const server of running) {
		server.closeAllConnections();
		server.close();
	}
	running.clear();
});

async function serve(routes: Partial<SocketRoutes>): Promise<{ url: string; server: Server }> {
	const server = createServer();
	attach(server, {
		server: { accept: () => silent },
		authorize: () => ({ session: null }),
		routes: {
			takes: ({ url }) => url === '/echo',
			admit: () => ({
				messageBytes: 10,
				setCookies: ['a=1'],
				accept: (socket) => ({ ...silent, message: (data) => socket.sendMessage(data) })
			}),
			...routes
		}
	});
	running.add(server);
	server.listen(0, '127.0.0.1');
	await once(server, 'listening');
	return { server, url: `ws://127.0.0.1:${(server.address() as AddressInfo).port}` };
}

describe('an upgrade of another path', () => {
	test('gets a socket of plain messages, with its cookies', async () => {
		const { url } = await serve({});
		const client = await connectRaw(`${url}/echo`);
		expect(client.headers['set-cookie']).toEqual(['a=1']);
		client.send('héllo');
		client.send(new Uint8Array([1, 2]));
		expect(await client.next()).toBe('héllo');
		expect(await client.next()).toEqual(new Uint8Array([1, 2]));
	});

	test('has a limit of its own for messages, and is told which', async () => {
		const { url } = await serve({});
		const client = await connectRaw(`${url}/echo`);
		client.send('x'.repeat(11));
		expect(await client.closed).toEqual({ code: 1009, reason: 'TOO_LARGE: "messageBytes" is 10' });
	});

	test('is refused with a status, and with 500 where its decision throws', async () => {
		const refused = await serve({ admit: () => ({ status: 403, reason: 'Not you.' }) });
		await expect(connectRaw(`${refused.url}/echo`)).rejects.toMatchObject({ status: 403, body: 'Not you.\n' });
		const broken = await serve({ admit: () => Promise.reject(new Error('secret')) });
		await expect(connectRaw(`${broken.url}/echo`)).rejects.toMatchObject({
			status: 500,
			body: 'Authorization failed.\n'
		});
	});

	test('may be taken later, once it is known whose it is', async () => {
		const { url } = await serve({ takes: ({ url }) => Promise.resolve(url === '/later') });
		const client = await connectRaw(`${url}/later`);
		client.send('hi');
		expect(await client.next()).toBe('hi');
		await expect(connectRaw(`${url}/never`)).rejects.toMatchObject({ status: 404 });
		const unknown = await serve({ takes: () => Promise.reject(new Error('secret')) });
		await expect(connectRaw(`${unknown.url}/any`)).rejects.toMatchObject({ status: 404 });
	});

	test('that is nobody’s is left to other listeners', async () => {
		const { url, server } = await serve({});
		server.on('upgrade', (_request, socket) => socket.end('HTTP/1.1 418 Teapot\r\nContent-Length: 0\r\n\r\n'));
		await expect(connectRaw(`${url}/tea`)).rejects.toMatchObject({ status: 418 });
	});

	test('does not disturb the path of the protocol', async () => {
		const { url } = await serve({});
		const client = await connectRaw(`${url}/__live`);
		client.close(1000, '');
		expect((await client.closed).code).toBe(1000);
	});
});
