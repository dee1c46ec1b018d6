// What the proxy does to connections must be what it says, or the histories prove something else.

import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { Proxy } from './proxy.ts';

/** A peer at one end: what it has heard. */
class Peer {
	readonly socket: Socket;
	readonly chunks: string[] = [];
	/** How its connection ended; null while it goes on. */
	ended: 'end' | 'reset' | null = null;
	#onChange = (): void => {};

	constructor(socket: Socket) {
		this.socket = socket;
		socket.on('data', (chunk: Buffer) => this.#note(() => this.chunks.push(chunk.toString())));
		socket.on('end', () => this.#note(() => (this.ended ??= 'end')));
		socket.on('error', () => this.#note(() => (this.ended = 'reset')));
	}

	#note(change: () => void): void {
		change();
		this.#onChange();
	}

	get text(): string {
		return this.chunks.join('');
	}

	/** Resolves when it has heard all of it. */
	async heard(text: string): Promise<void> {
		while (this.text !== text) await new Promise<void>((resolve) => (this.#onChange = resolve));
	}

	async end(): Promise<Peer['ended']> {
		while (this.ended === null) await new Promise<void>((resolve) => (this.#onChange = resolve));
		return this.ended;
	}
}

let service: Server;
let proxy: Proxy;
const arrived: ((peer: Peer) => void)[] = [];

beforeEach(async () => {
	service = createServer({ allowHalfOpen: true }, (socket) => arrived.shift()?.(new Peer(socket)));
	service.listen(0, '127.0.0.1');
	await once(service, 'listening');
	proxy = await Proxy.start(() => (service.address() as AddressInfo).port);
});

afterEach(async () => {
	await proxy[Symbol.asyncDispose]();
	service.close();
});

/** A client, and what the service sees of it. */
async function join(port = proxy.port): Promise<[client: Peer, server: Peer]> {
	const server = new Promise<Peer>((resolve) => arrived.push(resolve));
	const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true, noDelay: true });
	await once(socket, 'connect');
	return [new Peer(socket), await server];
}

/** Talks past the proxy for a while: what it would have passed on has arrived by then. */
async function roundTrip(): Promise<void> {
	const [client, server] = await join((service.address() as AddressInfo).port);
	for (const text of ['1', '12', '123']) {
		client.socket.write(text.at(-1)!);
		await server.heard(text);
		server.socket.write(text.at(-1)!);
		await client.heard(text);
	}
	client.socket.destroy();
	server.socket.destroy();
}

it('passes on both directions and the ends of connections', async () => {
	const [client, server] = await join();
	client.socket.write('up');
	server.socket.write('down');
	await Promise.all([server.heard('up'), client.heard('down')]);
	client.socket.end('last');
	expect(await server.end()).toBe('end');
	expect(server.text).toBe('uplast');
	server.socket.end('answer');
	expect(await client.end()).toBe('end');
	expect(client.text).toBe('downanswer');
});

it('holds one direction while the other one goes on, and passes it on later, in order', async () => {
	const [client, server] = await join();
	proxy.hold('up');
	client.socket.write('one');
	client.socket.write('two');
	client.socket.end();
	server.socket.write('still here');
	await client.heard('still here');
	expect([server.text, server.ended]).toEqual(['', null]);
	proxy.release();
	await server.heard('onetwo');
	expect(await server.end()).toBe('end');
});

it('tells nobody of a reset while both directions are held, and new connections hear nothing', async () => {
	const [client, server] = await join();
	proxy.hold('up', 'down');
	server.socket.resetAndDestroy();
	const [later, laterServer] = await join();
	later.socket.write('anybody?');
	laterServer.socket.write('yes');
	await roundTrip();
	expect([client.ended, later.text, laterServer.text]).toEqual([null, '', '']);
	proxy.release();
	expect(await client.end()).toBe('reset');
	await Promise.all([later.heard('yes'), laterServer.heard('anybody?')]);
});

it('passes on slices one by one, and late', async () => {
	const [client, server] = await join();
	proxy.slice(2);
	proxy.delay(30);
	const sentMs = performance.now();
	client.socket.write('abcdefg');
	await server.heard('abcdefg');
	expect(performance.now() - sentMs).toBeGreaterThan(29);
	expect(server.chunks.length).toBeGreaterThan(1);
	proxy.heal('release');
	client.socket.write('hij');
	await server.heard('abcdefghij');
	expect(server.chunks.at(-1)).toBe('hij');
});

it('resets and ends connections, and takes new ones', async () => {
	const [client, server] = await join();
	proxy.reset();
	expect([await client.end(), await server.end()]).toEqual(['reset', 'reset']);
	const [next, nextServer] = await join();
	proxy.end();
	expect([await next.end(), await nextServer.end()]).toEqual(['end', 'end']);
	const [last, lastServer] = await join();
	last.socket.write('works');
	await lastServer.heard('works');
});

it('forgets what it held where it heals by a reset', async () => {
	const [client, server] = await join();
	proxy.hold('up');
	client.socket.write('never');
	proxy.heal('reset');
	expect([await client.end(), await server.end()]).toEqual(['reset', 'reset']);
	expect(server.text).toBe('');
});
