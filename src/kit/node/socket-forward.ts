// One-time addresses whose upgrade reaches another process than the one that made them. Their handler cannot travel, so the
// connection does: byte by byte, over a socket in the file system, to the process that has it. There it passes `handle`, session and
// owner like any other upgrade, so nothing that is said on the way has to be believed but from which address it comes.

import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Duplex } from 'node:stream';
import { systemClock } from '../../base/clock.ts';
import { Quiet } from '../../server/quiet.ts';
import { runtime } from '../../server/runtime.ts';

/** The server of the app, which is told of upgrades as if they had come to itself. */
export interface UpgradeTarget {
	emit(event: 'upgrade', request: IncomingMessage, socket: Duplex, head: Buffer): boolean;
}

/** The group in which the processes enter where they are reached. */
const DOORS = 'socket doors';
const KEY = 'door';
const GOODBYE_MS = 1_000;
/** What the process that hands a connection on says of its peer. Of nobody else: a peer that sends it is not heard. */
const ADDRESS = 'tidewire-peer-address';

export class SocketForward {
	readonly #target: UpgradeTarget;
	readonly #quiet = new Quiet(systemClock);
	#opening: Promise<void> | null = null;
	#server: Server | null = null;
	/** Connections that are handed on. */
	readonly #ends = new Set<Duplex>();

	constructor(target: UpgradeTarget) {
		this.#target = target;
	}

	/** Lets the other processes of this machine hand upgrades on to this one. A process that is alone needs none. */
	open(): Promise<void> {
		this.#opening ??= this.#open().catch((error: unknown) => {
			this.#opening = null;
			throw error;
		});
		return this.#opening;
	}

	async #open(): Promise<void> {
		const { host, processId } = runtime().started;
		if (host.backplane.recipe !== undefined) return;
		const path = doorOf(processId);
		const server = createServer((_request, response) => response.writeHead(404).end());
		server.on('upgrade', (request, socket, head) => {
			takeAddress(request);
			this.#target.emit('upgrade', request, socket, head);
		});
		// A worker of a cluster would share it with the others.
		server.listen({ path, exclusive: true });
		await once(server, 'listening');
		this.#server = server.unref();
		await host.process.holdings.enter(DOORS, KEY, path);
	}

	/** Hands an upgrade on to a process. Returns whether it did: that process may be gone, or on another machine. */
	async send(process: string, request: IncomingMessage, { socket, head }: RawUpgrade): Promise<boolean> {
		const { holdings } = runtime().started.host.process;
		const doors = await holdings.entries(DOORS);
		const door = doors.find((entry) => entry.process === process);
		const upstream = door && (await connected(door.value));
		if (!upstream) return false;
		upstream.write(headOf(request));
		upstream.write(head);
		this.#join(socket, upstream);
		return true;
	}

	#join(one: Duplex, other: Duplex): void {
		for (const [from, to] of [
			[one, other],
			[other, one]
		] as const) {
			this.#ends.add(from);
			from.on('error', ignore);
			from.on('close', () => {
				this.#ends.delete(from);
				to.destroy();
				this.#quiet.changed();
			});
			from.pipe(to);
		}
	}

	/** Takes nothing more, and ends what is handed on: where the other process stops too, it says goodbye first. */
	async close(): Promise<void> {
		this.#server?.close();
		// The development server may start anew, as another process.
		this.#opening = null;
		await this.#quiet.until(() => this.#ends.size === 0, GOODBYE_MS);
		for (const end of [...this.#ends]) end.destroy();
	}
}

export interface RawUpgrade {
	socket: Duplex;
	/** What came behind the request. */
	head: Buffer;
}

async function connected(path: string): Promise<Socket | null> {
	const socket = connect(path);
	try {
		await once(socket, 'connect');
		return socket;
	} catch {
		return null;
	}
}

/** The request as it came, behind the address of its peer. */
function headOf({ method = 'GET', url = '/', rawHeaders, socket }: IncomingMessage): string {
	let text = `${method} ${url} HTTP/1.1\r\n${ADDRESS}: ${socket.remoteAddress ?? ''}\r\n`;
	for (let index = 0; index < rawHeaders.length; index += 2) {
		const [name = '', value = ''] = rawHeaders.slice(index, index + 2);
		if (name.toLowerCase() !== ADDRESS) text += `${name}: ${value}\r\n`;
	}
	return `${text}\r\n`;
}

/** Adapters and transports ask the socket for it, and this one has none of its own. */
function takeAddress({ headers, rawHeaders, socket }: IncomingMessage): void {
	const address = headers[ADDRESS];
	delete headers[ADDRESS];
	rawHeaders.splice(0, 2);
	Object.defineProperty(socket, 'remoteAddress', { value: address === '' ? undefined : address });
}

/** A name that only the processes of the app hear of. */
function doorOf(processId: string): string {
	const name = `tidewire-${processId}`;
	return process.platform === 'win32' ? `\\\\.\\pipe\\${name}` : join(tmpdir(), `${name}.sock`);
}

const ignore = (): void => {};
