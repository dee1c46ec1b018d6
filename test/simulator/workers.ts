// The workers of one machine with their primary, in one process: the channels between them take time, keep the order and
// end with their worker.

import type { Channel, ChannelListener } from '../../src/backplanes/cluster/channel.ts';
import type { Down, Up } from '../../src/backplanes/cluster/messages.ts';
import { Primary } from '../../src/backplanes/cluster/primary.ts';
import { WorkerBackplane } from '../../src/backplanes/cluster/worker-backplane.ts';
import type { Clock } from '../../src/base/clock.ts';
import type { Position } from '../../src/protocol/position.ts';
import { Pipe } from '../../src/testing/pipe.ts';

export interface WorkersOptions {
	clock: Clock;
	/** The same for all, so that what was asked for first has its place first. */
	latencyMs: number;
	/** The most events that a log keeps. */
	events: number;
	/** Characters that may be on the way to a worker; beyond, its deliveries are dropped. */
	backlogCharacters: number;
	/** Told of everything that has a place in a log, before anybody else is. */
	onAppended: (topic: string, body: string, at: Position) => void;
	onError: (error: unknown) => void;
}

export interface Worker {
	backplane: WorkerBackplane;
	/** The worker's process ends. */
	end: () => void;
}

export class Workers {
	readonly #options: WorkersOptions;
	readonly #primary: Primary;

	constructor(options: WorkersOptions) {
		this.#options = options;
		const { clock, backlogCharacters, onError } = options;
		this.#primary = new Primary({ clock, backlogCharacters, onError });
	}

	/** @param clock of the worker's process */
	add(clock: Clock): Worker {
		const { events, latencyMs, clock: shared } = this.#options;
		const pipe = (): Pipe => new Pipe({ clock: shared, latencyMs: () => latencyMs });
		const [up, down] = [pipe(), pipe()];
		const worker = new End<Up, Down>(up);
		const primary = new End<Down, Up>(down);
		worker.other = primary;
		primary.other = worker;
		this.#recordAppends(primary);
		this.#primary.attach(primary);
		const settings = {
			recipe: { kind: 'memory', args: [{ events, idleTopics: 3 }] },
			afterCrash: 'reload' as const
		};
		const backplane = new WorkerBackplane({ channel: worker, clock, settings, waitingCharacters: 1_000_000 });
		const end = (): void => {
			down.shut();
			// What had left the process before arrives before its end is noticed.
			up.put(() => primary.listener?.ended());
		};
		return { backplane, end };
	}

	/** The answer to an append says which place the event has. */
	#recordAppends(primary: End<Down, Up>): void {
		const appends = new Map<number, { topic: string; body: string }>();
		primary.onHeard = (message) => {
			if (message[0] === 'append') appends.set(message[1], { topic: message[2], body: message[3] });
		};
		primary.onSaid = (message) => {
			const append = message[0] === 'position' ? appends.get(message[1]) : undefined;
			if (message[0] !== 'position' || !append) return;
			appends.delete(message[1]);
			this.#options.onAppended(append.topic, append.body, { epoch: message[2], offset: message[3] });
		};
	}
}

class End<Out, In> implements Channel<Out, In> {
	listener: ChannelListener<In> | null = null;
	other: End<In, Out> | null = null;
	onHeard: ((message: In) => void) | null = null;
	onSaid: ((message: Out) => void) | null = null;
	readonly #out: Pipe;

	constructor(out: Pipe) {
		this.#out = out;
	}

	send(batch: Out[], written: () => void): void {
		for (const message of batch) this.onSaid?.(message);
		this.#out.put(() => {
			written();
			this.other?.hear(batch);
		});
	}

	hear(batch: In[]): void {
		for (const message of batch) this.onHeard?.(message);
		this.listener?.batch(batch);
	}

	listen(listener: ChannelListener<In>): void {
		this.listener = listener;
	}

	close(): void {
		this.listener = null;
	}

	keepAlive(): void {}
}
