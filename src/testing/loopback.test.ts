import { describe, expect, it } from 'vitest';
import { Frame } from '../server/frame.ts';
import { LoopbackConnection, type LoopbackOptions } from './loopback.ts';
import { VirtualClock } from './virtual-clock.ts';

/** A connection, and what either end was told. */
async function connected(options: Partial<LoopbackOptions> = {}) {
	const clock = new VirtualClock();
	const client: string[] = [];
	const server: string[] = [];
	const connection = new LoopbackConnection(
		{
			clock,
			accept: () => ({
				message: (data) => server.push(String(data)),
				drained: () => server.push('drained'),
				closed: (code) => server.push(`closed ${code}`)
			}),
			latencyMs: () => 5,
			...options
		},
		{
			opened: () => client.push('opened'),
			message: (data) => client.push(String(data)),
			closed: (code) => client.push(`closed ${code}`)
		}
	);
	await clock.advance(10);
	return { clock, client, server, connection, socket: connection.socket };
}

const frames = (...texts: string[]): Frame[] => texts.map((text) => new Frame(text));

describe('a connection in memory', () => {
	it('carries both ways with a delay, and in order even where a later frame would be faster', async () => {
		const delays = [5, 5, 9, 1, 5];
		const { clock, client, server, connection, socket } = await connected({ latencyMs: () => delays.shift() ?? 5 });
		connection.send('slow');
		connection.send('fast');
		socket.send(frames('a', 'b'));
		await clock.advance(4);
		expect(server).toEqual([]);
		await clock.advance(6);
		expect([client, server]).toEqual([
			['opened', 'a\nb'],
			['slow', 'fast']
		]);
	});

	it('loses what is in flight when it is cut, and tells both ends', async () => {
		const { clock, client, server, connection, socket } = await connected();
		socket.send(frames('lost'));
		connection.send('lost');
		await clock.advance(4);
		connection.cut();
		await clock.advance(100);
		expect([client, server]).toEqual([['opened', 'closed 1006'], ['closed 1006']]);
	});

	it('tells nobody when it goes silent, and the server keeps what it cannot send', async () => {
		const { clock, client, server, connection, socket } = await connected();
		connection.silence();
		socket.send(frames('nobody hears'));
		connection.send('nobody hears');
		await clock.advance(1e6);
		expect([client, server, socket.bufferedBytes]).toEqual([['opened'], [], 12]);
		socket.terminate();
		await clock.advance(1);
		expect(server).toEqual(['closed 1006']);
	});

	it('keeps at the server what a client does not read, and reports when that has left', async () => {
		const { clock, client, server, connection, socket } = await connected({ windowBytes: 10 });
		connection.stall();
		for (const text of ['123456', '7890', 'over', 'more']) socket.send(frames(text));
		await clock.advance(100);
		expect([client, socket.bufferedBytes]).toEqual([['opened'], 8]);
		connection.flow();
		await clock.advance(100);
		expect(client).toEqual(['opened', '123456', '7890', 'over', 'more']);
		expect([server, socket.bufferedBytes]).toEqual([['drained'], 0]);
	});

	it('does not report as drained what left at once', async () => {
		const { clock, server, socket } = await connected();
		socket.send(frames('quick'));
		expect(socket.bufferedBytes).toBe(0);
		await clock.advance(100);
		expect(server).toEqual([]);
	});

	it('closes after what the server sent before, and is closed once', async () => {
		const { clock, client, server, connection, socket } = await connected();
		socket.send(frames('goodbye'));
		socket.close(4401, 'UNAUTHORIZED');
		socket.send(frames('late'));
		connection.send('unheard by nobody');
		await clock.advance(100);
		connection.close(1000);
		await clock.advance(100);
		expect(client).toEqual(['opened', 'goodbye', 'closed 4401']);
		expect(server).toEqual(['unheard by nobody', 'closed 4401']);
		expect(clock.pending).toBe(0);
	});

	it('takes what the client sent before it closed, and gives it nothing more', async () => {
		const { clock, client, server, connection, socket } = await connected();
		connection.send('last words');
		connection.close(1000);
		socket.send(frames('unheard'));
		await clock.advance(100);
		expect([client, server]).toEqual([['opened'], ['last words', 'closed 1000']]);
	});

	it('passes nothing to a server that has paused', async () => {
		const { clock, server, connection, socket } = await connected();
		socket.pause();
		connection.send('later');
		await clock.advance(100);
		expect(server).toEqual([]);
		socket.resume();
		await clock.advance(0);
		expect(server).toEqual(['later']);
	});

	it('ends an attempt where nobody listens', async () => {
		const { client } = await connected({ accept: () => null });
		expect(client).toEqual(['closed 1006']);
	});
});
