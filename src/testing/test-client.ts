// A user's client in a test: the one that runs in browsers, with a network that the test can take away.

import type {
	FileSource,
	LiveBinary,
	LiveDownload,
	LiveFile,
	LiveGenerator,
	LiveUpload,
	LiveUploadTask,
	LiveValues,
	LiveVolatile
} from '../base/bytes-surface.ts';
import type { Clock } from '../base/clock.ts';
import type { LiveCall, LiveQuery, LiveStreamFactory } from '../base/surface.ts';
import { Client } from '../client/client.ts';
import { download, generate } from '../client/many-answers.ts';
import type { ClientSocket, ClientSocketEvents } from '../client/socket.ts';
import type { ConnectionStatus } from '../client/status.ts';
import { sendBytes, upload } from '../client/uploads.ts';
import { sendVolatile } from '../client/volatile.ts';
import { definitionOf, PATH } from '../server/definition.ts';
import type { SocketEvents, TransportSocket } from '../server/transport.ts';
import { LoopbackConnection } from './loopback.ts';
import { TestStream } from './test-stream.ts';

export interface TestClientParts {
	clock: Clock;
	/** Resolves when the server takes connections. */
	started: Promise<void>;
	accept: (socket: TransportSocket) => SocketEvents;
}

type Call<Args extends unknown[], Result> = LiveCall<Args, Result> | LiveQuery<Args, Result>;

export class TestClient {
	/** The client under test, for what has no method here. */
	readonly client: Client;
	readonly #parts: TestClientParts;
	readonly #streams = new Set<TestStream<unknown>>();
	#online = true;
	#connection: LoopbackConnection | null = null;

	constructor(parts: TestClientParts) {
		this.#parts = parts;
		this.client = new Client({
			url: 'ws://test',
			clock: parts.clock,
			connect: (_, events) => this.#connect(events),
			environment: { watch: () => () => {} },
			onApply: (applied) => this.#each(applied.path, (stream) => stream.took(applied)),
			onReset: (path, reason) => this.#each(path, (stream) => stream.resets.push(reason))
		});
	}

	/** How the connection stands. */
	get status(): ConnectionStatus {
		return this.client.status;
	}

	/** Calls a live function, by itself or by its path. Rejects with a LiveError. */
	call<Args extends unknown[], Result>(target: Call<Args, Result>, ...args: Args): Promise<Result>;
	call(path: string, ...args: unknown[]): Promise<unknown>;
	call(target: string | object, ...args: unknown[]): Promise<unknown> {
		return this.client.call(pathOf(target), args);
	}

	/** Calls a function made by `live.binary`. Rejects with a LiveError. */
	binary<Args extends unknown[], Result>(
		target: LiveBinary<Args, Result>,
		bytes: FileSource,
		...args: Args
	): Promise<Result> {
		// What the function returned.
		return sendBytes(this.client, { path: pathOf(target), source: bytes, args }) as Promise<Result>;
	}

	/** Uploads a file to a function made by `live.upload`. */
	upload<Args extends unknown[], Result>(
		target: LiveUpload<Args, Result>,
		file: FileSource,
		...args: Args
	): LiveUploadTask<Result> {
		return upload(this.client, { path: pathOf(target), source: file, args }) as LiveUploadTask<Result>;
	}

	/** The values of a function made by `live.generate`. */
	generate<Args extends unknown[], Value>(target: LiveGenerator<Args, Value>, ...args: Args): LiveValues<Value> {
		return generate(this.client, pathOf(target), args) as LiveValues<Value>;
	}

	/** The file of a function made by `live.download`. */
	download<Args extends unknown[]>(target: LiveDownload<Args>, ...args: Args): LiveFile {
		return download(this.client, pathOf(target), args);
	}

	/** Calls a function made by `live.volatile`. `env.settle()` waits until the server has taken it. */
	volatile<Args extends unknown[]>(target: LiveVolatile<Args>, ...args: Args): void {
		sendVolatile(this.client, pathOf(target), args);
	}

	/** Begins to read a live stream, by itself or by its path. */
	subscribe<Args extends unknown[], Value, Events>(
		target: LiveStreamFactory<Args, Value, Events>,
		...args: Args
	): TestStream<Value>;
	subscribe(path: string, ...args: unknown[]): TestStream<unknown>;
	subscribe(target: string | object, ...args: unknown[]): TestStream<unknown> {
		const stream = new TestStream(this.client.stream(pathOf(target), args, versionOf(target)), (gone) =>
			this.#streams.delete(gone)
		);
		this.#streams.add(stream);
		return stream;
	}

	/** Takes the network away: what is in flight is lost, and no attempt to connect succeeds until `reconnect`. */
	disconnect(): void {
		this.#online = false;
		this.#connection?.cut();
	}

	/** Brings the network back and connects at once. Resolves when the connection is open; rejects where the attempt fails. */
	reconnect(): Promise<void> {
		this.#online = true;
		const { client } = this;
		return new Promise((resolve, reject) => {
			const unlisten = client.onStatus(({ state, error }) => {
				if (state === 'connecting' || state === 'greeting') return;
				unlisten();
				if (state === 'open') resolve();
				else reject(error);
			});
			client.reconnect();
		});
	}

	/** Ends the client and its streams. */
	close(): void {
		for (const stream of this.#streams) stream.close();
		this.client.close();
	}

	#each(path: string, tell: (stream: TestStream<unknown>) => void): void {
		for (const stream of this.#streams) if (stream.path === path) tell(stream);
	}

	#connect(events: ClientSocketEvents): ClientSocket {
		const { clock, started, accept } = this.#parts;
		let connection: LoopbackConnection | null = null;
		let wanted = true;
		void started.then(() => {
			if (!wanted) return;
			connection = new LoopbackConnection(
				{ clock, accept: (socket) => (this.#online ? accept(socket) : null) },
				events
			);
			this.#connection = connection;
		});
		return {
			send: (data) => connection?.send(data),
			close: (code) => {
				wanted = false;
				connection?.close(code);
			}
		};
	}
}

function pathOf(target: string | object): string {
	const path = typeof target === 'string' ? target : (target as { [PATH]?: string })[PATH];
	if (path === undefined) throw new Error('register the module first: env.register(id, module)');
	return path;
}

/** As the build writes it into the page's stub. */
function versionOf(target: string | object): number | undefined {
	const definition = definitionOf(target);
	return definition?.kind === 'stream' ? definition.versions?.current : undefined;
}
