// A client as pages have it, over a real socket, which reads everything that its user may.

import { Client } from '../../src/client/client.ts';
import { webSocketConnect, type ClientSocket, type ClientSocketEvents } from '../../src/client/socket.ts';
import { WebSocket } from 'ws';
import { CLIENT_TIMES } from './limits.ts';
import { Reader, type ReaderWorld } from './reader.ts';

export const ROOMS = ['red', 'blue'] as const;

const STREAMS = ['red', 'blue', 'feed'];

export interface ClientWorld extends ReaderWorld {
	/** Where a client connects that is at home on this server. */
	urlFor(home: number): string;
}

export class TortureClient {
	readonly name: string;
	readonly user: string;
	readonly client: Client;
	readonly readers: readonly Reader[];
	#socket: WebSocket | null = null;
	/** Which of the servers it connects to, as long as that one lives. */
	home: number;

	constructor(world: ClientWorld, name: string, { user, home }: { user: string; home: number }) {
		this.name = name;
		this.user = user;
		this.home = home;
		this.client = new Client({
			...CLIENT_TIMES,
			url: () => world.urlFor(this.home),
			connect: (url, events) => this.#connect(url, events),
			onReset: (path, reason) => this.readerOf(path)?.told(reason),
			onApply: (applied) => this.readerOf(applied.path)?.applied(applied),
			onConnect: () => world.note(`${name} is back`),
			onDisconnect: (error) => world.note(`${name} lost its connection: ${error.code} ${error.message}`)
		});
		this.readers = STREAMS.map(
			(name) => new Reader({ world, client: this.name, user, stream: this.client.stream(`app/${name}`, []) })
		);
	}

	readerOf(path: string): Reader | undefined {
		return this.readers.find(({ stream }) => stream.path === path);
	}

	#connect(url: string, events: ClientSocketEvents): ClientSocket {
		return webSocketConnect(socketsOf(this.user, (socket) => (this.#socket = socket)))(url, events);
	}

	/** Its connection breaks. */
	drop(): void {
		this.#socket?.terminate();
	}

	/** It hears nothing any more, until `flow`. */
	stall(): void {
		if (this.#socket?.readyState === WebSocket.OPEN) this.#socket.pause();
	}

	flow(): void {
		this.#socket?.resume();
	}

	/** It goes on at another server. */
	move(home: number): void {
		this.home = home;
		this.client.reconnect();
	}

	get isRefused(): boolean {
		return this.client.status.state === 'refused';
	}

	end(): void {
		this.client.close();
		this.drop();
	}
}

/** Sockets that say who it is, as a browser's cookies do. */
export function socketsOf(
	user: string,
	onMade: (socket: WebSocket) => void = () => {}
): new (url: string) => WebSocket {
	return class extends WebSocket {
		constructor(url: string) {
			super(url, { headers: { cookie: `user=${user}` }, perMessageDeflate: false });
			onMade(this);
		}
	};
}
