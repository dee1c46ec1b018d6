import { Buffer } from 'node:buffer';
import { expect, it } from 'vitest';
import { VirtualClock } from '../../testing/virtual-clock.ts';
import type { NatsMessage } from './client.ts';
import { Listing } from './listing.ts';

const INBOX = 'inbox.list.1';
const TIMEOUT_MS = 2_000;

const messageOf = (text: string, rest: Partial<NatsMessage> = {}): NatsMessage => ({
	subject: 'log.one',
	data: Buffer.from(text),
	...rest
});

/** The server's end of a listing from 1 to 5, by hand. */
class Server {
	readonly clock = new VirtualClock();
	readonly published: string[] = [];
	isSubscribed = false;
	#listener: (message: NatsMessage) => void = () => {};

	list(): Promise<string | number[]> {
		const link = {
			ready: async () => {},
			deadline: () => this.clock.now() + TIMEOUT_MS,
			newInbox: () => INBOX,
			request: async () => messageOf('{"name":"consumer"}'),
			publish: (subject: string) => void this.published.push(subject),
			subscribe: (_: string, listener: (message: NatsMessage) => void) => {
				this.isSubscribed = true;
				this.#listener = listener;
				return { unsubscribe: () => void (this.isSubscribed = false) };
			}
		};
		const options = { stream: 'log', subject: 'log.one', from: 1, to: 5 };
		const listing = new Listing(link, { clock: this.clock, timeoutMs: TIMEOUT_MS }, options);
		return listing.run().then(
			(found) => found.map(({ sequence }) => sequence),
			(error: unknown) => String(error)
		);
	}

	/** @param nth as how many it counts for the consumer @param pending how many are said to follow */
	send(sequence: number, nth: number, pending = 0): void {
		const reply = `$JS.ACK.log.consumer.1.${sequence}.${nth}.1000000.${pending}`;
		this.#listener(messageOf('text', { reply }));
	}

	/** @param sent how many it says that it has sent */
	beat(sent: number, stalled = ''): void {
		const values: Record<string, string> = { 'Nats-Last-Consumer': String(sent), 'Nats-Consumer-Stalled': stalled };
		this.#listener(messageOf('', { headers: { code: 100, get: (name) => values[name] ?? '' } }));
	}
}

async function begin(): Promise<{ server: Server; listed: Promise<string | number[]> }> {
	const server = new Server();
	const listed = server.list();
	await server.clock.settle();
	return { server, listed };
}

it('ends with the last place, whatever is said to follow, and lets go of what it made', async () => {
	const { server, listed } = await begin();
	server.send(1, 1, 7);
	server.send(5, 2, 7);
	server.send(6, 3, 6);
	expect(await listed).toEqual([1, 5]);
	expect(server.published).toEqual(['$JS.API.CONSUMER.DELETE.log.consumer']);
	expect(server.isSubscribed).toBe(false);
});

it('ends where the server has sent everything, though the last place is gone meanwhile', async () => {
	const { server, listed } = await begin();
	server.send(1, 1, 1);
	server.beat(1);
	expect(await listed).toEqual([1]);
});

it('goes on where the server waits for it', async () => {
	const { server, listed } = await begin();
	server.send(1, 1);
	server.beat(1, 'stalled');
	server.send(5, 2);
	expect(await listed).toEqual([1, 5]);
	expect(server.published[0]).toBe('stalled');
});

it('is given up where a lost connection took a message on its way, as soon as the next one shows it', async () => {
	const { server, listed } = await begin();
	server.send(1, 1);
	server.send(5, 3);
	expect(await listed).toMatch(/UNAVAILABLE|lost messages/);
	expect(server.isSubscribed).toBe(false);
});

it('is given up where a lost connection took the last messages, as soon as a heartbeat shows it', async () => {
	const { server, listed } = await begin();
	server.send(1, 1);
	server.beat(3);
	expect(await listed).toMatch(/lost messages/);
});

it('is given up where no message comes, whatever heartbeats do', async () => {
	const { server, listed } = await begin();
	server.send(1, 1);
	for (let second = 0; second < 4; second++) {
		server.beat(1, 'stalled');
		await server.clock.advance(1_000);
	}
	expect(await listed).toMatch(/standstill/);
	expect(server.isSubscribed).toBe(false);
	expect(server.clock.pending).toBe(0);
});
