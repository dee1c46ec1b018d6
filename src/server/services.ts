// What runs by itself for as long as its module is registered: jobs, effects, data that is derived from other data. It
// begins when the server has started, begins anew when its module is replaced, and ends with the server. Invariant: of a
// path one service runs at a time, the next one when the last one has ended.

import type { Clock, Timer } from '../base/clock.ts';
import { encodeValue } from '../protocol/value.ts';
import { LiveError } from '../base/errors.ts';
import type { ServerParts } from './server-parts.ts';
import type { Service, ServiceDefinition } from './service.ts';
import type { Deadline } from './timeout.ts';

interface Running {
	readonly part: ServiceDefinition;
	readonly service: Service;
	ending: Promise<boolean> | null;
}

interface OpenStream {
	readonly args: readonly unknown[];
	count: number;
}

/** How long what is aborted may take to notice. */
const HURRY_MS = 1_000;
/** How long what runs may take when its module is replaced. */
const REPLACE_MS = 10_000;

export class Services {
	readonly #parts: ServerParts;
	readonly #running = new Map<string, Running>();
	/** Streams that are open here, by path and arguments: a service that begins is told of them. */
	readonly #open = new Map<string, Map<string, OpenStream>>();
	#state: 'waiting' | 'running' | 'stopped' = 'waiting';

	constructor(parts: ServerParts) {
		this.#parts = parts;
		parts.registry.onChange = () => this.#update();
	}

	/** The server has started. Resolves when what is published from now on escapes no service. */
	async start(): Promise<void> {
		this.#state = 'running';
		this.#update();
		await Promise.allSettled([...this.#running.values()].map(async ({ service }) => service.ready));
	}

	/** Ends those that begin something by themselves, before the server waits for what runs. */
	async stopBeginners(hurry: AbortSignal): Promise<boolean> {
		if (this.#state === 'running') this.#state = 'stopped';
		return this.#endAll(hurry, (part) => part.begins);
	}

	/** Ends all. Returns whether each one could finish. */
	async stop(hurry: AbortSignal): Promise<boolean> {
		this.#state = 'stopped';
		return this.#endAll(hurry, () => true);
	}

	async #endAll(hurry: AbortSignal, which: (part: ServiceDefinition) => boolean): Promise<boolean> {
		const chosen = [...this.#running].filter(([, { part }]) => which(part));
		const finished = await Promise.all(chosen.map(([path, running]) => this.#end(path, running, hurry)));
		return finished.every(Boolean);
	}

	/** Begins and ends what the registry says. */
	#update(): void {
		if (this.#state !== 'running') return;
		const { clock } = this.#parts;
		const { services } = this.#parts.registry;
		for (const [path, running] of this.#running) {
			if (services.get(path) === running.part || running.ending !== null) continue;
			const { signal, cancel } = hurryIn(clock, REPLACE_MS);
			void this.#end(path, running, signal)
				.then(cancel)
				.then(() => this.#update());
		}
		for (const [path, part] of services) if (!this.#running.has(path)) this.#begin(path, part);
	}

	#begin(path: string, part: ServiceDefinition): void {
		try {
			const service = part.start(path, this.#parts);
			this.#running.set(path, { part, service, ending: null });
			for (const { args } of this.#open.get(path)?.values() ?? []) service.opened?.(args);
		} catch (error) {
			this.#parts.onError(path, error, null);
		}
	}

	#end(path: string, running: Running, hurry: AbortSignal): Promise<boolean> {
		running.ending ??= this.#finish(path, running, hurry);
		return running.ending;
	}

	async #finish(path: string, { service }: Running, hurry: AbortSignal): Promise<boolean> {
		const { clock, onError } = this.#parts;
		try {
			return await inTime(service.stop(hurry), hurry, { clock, limitMs: HURRY_MS, what: `ending ${path}` });
		} catch (error) {
			onError(path, error, null);
			return false;
		} finally {
			this.#running.delete(path);
		}
	}

	opened(path: string, args: readonly unknown[]): void {
		const streams = this.#open.get(path) ?? new Map<string, OpenStream>();
		this.#open.set(path, streams);
		const key = encodeValue(args);
		const stream = streams.get(key) ?? { args, count: 0 };
		streams.set(key, stream);
		if (++stream.count === 1) this.#running.get(path)?.service.opened?.(args);
	}

	closed(path: string, args: readonly unknown[]): void {
		const streams = this.#open.get(path);
		const key = encodeValue(args);
		const stream = streams?.get(key);
		if (!streams || !stream || --stream.count > 0) return;
		streams.delete(key);
		if (streams.size === 0) this.#open.delete(path);
		this.#running.get(path)?.service.closed?.(args);
	}
}

/** A signal that aborts after a time, and what keeps it from that. */
export function hurryIn(clock: Clock, ms: number): { signal: AbortSignal; cancel: () => void } {
	const abort = new AbortController();
	if (ms <= 0) abort.abort();
	const timer = ms <= 0 ? null : clock.setTimer(() => abort.abort(), ms);
	return { signal: abort.signal, cancel: () => clock.clearTimer(timer) };
}

/** Rejects with TIMEOUT where something takes longer than the limit, counted from when it was told to hurry. */
function inTime<Value>(done: Promise<Value>, hurry: AbortSignal, deadline: Deadline): Promise<Value> {
	const { clock, limitMs, what } = deadline;
	return new Promise((resolve, reject) => {
		let timer: Timer = null;
		const refuse = (): void => reject(new LiveError('TIMEOUT', `"${what}" took longer than ${limitMs} ms`));
		const begin = (): void => void (timer = clock.setTimer(refuse, limitMs));
		if (hurry.aborted) begin();
		else hurry.addEventListener('abort', begin, { once: true });
		const settle = (): void => {
			clock.clearTimer(timer);
			hurry.removeEventListener('abort', begin);
		};
		done.finally(settle).then(resolve, reject);
	});
}
