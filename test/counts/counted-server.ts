// A live server on real sockets that counts what an operation makes it do. Every figure is exact and the same on every
// machine, however busy it is: system calls for output, encodings, frames, and how often code of the package ran.
import { coverage } from './measures.ts'; // first: it has to see the package being compiled
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { vi } from 'vitest';
import { systemClock, type Clock } from '../../src/base/clock.ts';
import { memory } from '../../src/backplanes/memory/memory.ts';
import { live } from '../../src/live/live.ts';
import { LiveServer } from '../../src/server/server.ts';
import { attach } from '../../src/transports/node/attach.ts';

export interface Counts {
	/** Writes of the server to its sockets: system calls, as long as the peers read. */
	writes: number;
	/** Different buffers and texts that were written. */
	outputs: number;
	/** Calls of `JSON.stringify`. */
	encodings: number;
	/** Messages that were made to be sent. */
	frames: number;
	/** How often functions, branches and loops of the package ran. */
	steps: number;
}

const feed = live.channel((_, name: string) => ['feed', name], { merge: 'latest' });

/** Nothing but what a test does shall be counted: no heartbeat comes while it runs, however long that takes. */
const clock: Clock = { ...systemClock, setTimer: () => null, clearTimer: () => {} };

export class CountedServer implements AsyncDisposable {
	readonly live: LiveServer;
	readonly port: number;
	readonly #http: Server;
	readonly #sockets: ReadonlySet<Socket>;
	readonly #written: (string | Uint8Array)[];

	private constructor(http: Server, live: LiveServer, { sockets, written }: Output) {
		this.live = live;
		this.#http = http;
		this.#sockets = sockets;
		this.#written = written;
		this.port = (http.address() as AddressInfo).port;
	}

	static async start(): Promise<CountedServer> {
		const server = new LiveServer({ backplane: memory(), clock });
		const echo = live((_, value: unknown) => value);
		const publish = live((context, name: string, value: unknown) => {
			context.publish(['feed', name], 'created', value);
		});
		server.registry.register('counts', { echo, publish, feed });
		await server.start();
		const http = createServer();
		const output = watch(http);
		attach(http, { server, clock, authorize: () => ({ session: { user: null as never } }) });
		await once(http.listen(0, '127.0.0.1', 4096), 'listening');
		return new CountedServer(http, server, output);
	}

	publish(name: string, value: unknown): void {
		void this.live.publisher.publish(['feed', name], 'created', value);
	}

	/** What the server does until `work` is done, and in the pass of the event loop after it. */
	async count(work: () => Promise<unknown>): Promise<Counts> {
		await anotherPass();
		const stringify = vi.spyOn(JSON, 'stringify');
		this.#written.length = 0;
		coverage.take();
		try {
			await work();
			await anotherPass();
			const outputs = new Set(this.#written).size;
			const encodings = stringify.mock.calls.length;
			return { writes: this.#written.length, outputs, encodings, ...coverage.take() };
		} finally {
			stringify.mockRestore();
		}
	}

	async [Symbol.asyncDispose](): Promise<void> {
		for (const socket of this.#sockets) socket.destroy();
		this.#http.close();
		await this.live.stop();
	}
}

interface Output {
	sockets: Set<Socket>;
	written: (string | Uint8Array)[];
}

/** Collects what leaves: `_write` and `_writev` are one system call each, whatever was corked or buffered before. */
function watch(http: Server): Output {
	const output: Output = { sockets: new Set(), written: [] };
	http.on('connection', (socket) => {
		output.sockets.add(socket);
		const write = socket._write.bind(socket);
		socket._write = (chunk: string | Uint8Array, encoding, done) => {
			output.written.push(chunk);
			write(chunk, encoding, done);
		};
		const writev = socket._writev?.bind(socket);
		socket._writev = (chunks: { chunk: unknown; encoding: BufferEncoding }[], done) => {
			const joined = chunks.map(({ chunk, encoding }) => Buffer.from(chunk as string, encoding));
			output.written.push(Buffer.concat(joined));
			writev?.(chunks, done);
		};
	});
	return output;
}

/** Everything that a pass put off has been done when this resolves. */
async function anotherPass(): Promise<void> {
	for (let pass = 0; pass < 3; pass++) await new Promise((resolve) => setImmediate(resolve));
}
