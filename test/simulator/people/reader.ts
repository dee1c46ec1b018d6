// One list of one client under observation. What it shows is judged while its connection is sound for long enough: what a
// client shows that hears nothing is old.

import type { ClientStream } from '../../../src/client/stream.ts';
import type { LoopbackConnection } from '../../../src/testing/loopback.ts';
import type { SimClient } from '../world.ts';

/** What is on its way to a client arrives within this time. */
const ARRIVAL_MS = 600;

type Row = Record<string, unknown>;

export interface ReaderOptions {
	path: string;
	args: readonly unknown[];
	/** Connections that carry nothing, and do not say so. */
	silent: WeakSet<LoopbackConnection>;
	/** Told of rows that are new, and of keys that are gone, while the connection is sound. */
	onRow?: (row: Row) => void;
	onGone?: (key: unknown) => void;
}

export class Reader {
	readonly client: SimClient;
	readonly #options: ReaderOptions;
	#stream: ClientStream | null = null;
	#stop: (() => void) | null = null;
	#rows = new Map<unknown, Row>();
	#connection: LoopbackConnection | null = null;
	/** Infinity while it is not. */
	#soundSinceMs = Infinity;
	readonly #key: 'key' | 'id';

	constructor(client: SimClient, options: ReaderOptions) {
		this.client = client;
		this.#options = options;
		this.#key = options.path === 'people/here' ? 'key' : 'id';
	}

	get label(): string {
		return `${this.client.name} ${this.#options.path}(${this.#options.args.join()})`;
	}

	get path(): string {
		return this.#options.path;
	}

	get args(): readonly unknown[] {
		return this.#options.args;
	}

	get isOpen(): boolean {
		return this.#stop !== null;
	}

	get state(): ClientStream['state'] | undefined {
		return this.#stream?.state;
	}

	/** By key or id. */
	get rows(): ReadonlyMap<unknown, Row> {
		return this.#rows;
	}

	/** Since when everything arrives; Infinity while it does not. */
	get soundSinceMs(): number {
		this.#observeSoundness();
		return this.#soundSinceMs;
	}

	/** Whether what it shows has to be right. */
	get isSettled(): boolean {
		return this.soundSinceMs + ARRIVAL_MS <= this.client.world.clock.now();
	}

	open(): void {
		if (this.#stop) return;
		const { path, args } = this.#options;
		this.#stream = this.client.client.stream(path, args);
		this.#soundSinceMs = Infinity;
		this.#rows = new Map();
		this.#stop = this.#stream.onChange(() => this.#changed());
		this.#changed();
	}

	close(): void {
		this.#stop?.();
		this.#stop = null;
		this.#soundSinceMs = Infinity;
	}

	#changed(): void {
		const rows = new Map(((this.state?.value ?? []) as Row[]).map((row) => [row[this.#key], row]));
		const before = this.#rows;
		this.#rows = rows;
		const { onRow, onGone, path } = this.#options;
		if (rows.size < ((this.state?.value ?? []) as Row[]).length)
			this.client.world.violate(`${this.label} shows somebody twice: ${JSON.stringify(this.state?.value)}`);
		const isSettled = this.isSettled;
		if (before !== rows) this.client.world.note(() => `${this.label} shows ${[...rows.keys()].join()}`);
		for (const [key, row] of rows) if (!before.has(key)) onRow?.(row);
		if (isSettled && path === 'people/here') for (const key of before.keys()) if (!rows.has(key)) onGone?.(key);
	}

	#observeSoundness(): void {
		const { online, stalled, connection, world } = this.client;
		const isSound =
			this.#stop !== null &&
			online &&
			!stalled &&
			connection !== null &&
			this.state?.connected === true &&
			!this.#options.silent.has(connection);
		if (!isSound) this.#soundSinceMs = Infinity;
		else if (this.#soundSinceMs === Infinity || connection !== this.#connection)
			this.#soundSinceMs = world.clock.now();
		this.#connection = connection;
	}
}
