// Both ends of a channel between a worker and its primary, without processes: batches arrive when the clock says so.
import type { Clock } from '../../src/base/clock.ts';
import type { Channel, ChannelListener } from '../../src/backplanes/cluster/channel.ts';
import type { Down, Up } from '../../src/backplanes/cluster/messages.ts';

class End<Out, In> implements Channel<Out, In> {
	readonly sent: Out[][] = [];
	readonly kept: boolean[] = [];
	listener: ChannelListener<In> | null = null;
	other: End<In, Out> | null = null;
	#waiting: (() => void)[] = [];
	#reads = true;
	readonly #clock: Clock;

	constructor(clock: Clock) {
		this.#clock = clock;
	}

	send(batch: Out[], written: () => void): void {
		this.sent.push(batch);
		const arrive = (): void => {
			written();
			this.other?.listener?.batch(structuredClone(batch));
		};
		if (this.#reads) this.#clock.defer(arrive);
		else this.#waiting.push(arrive);
	}

	listen(listener: ChannelListener<In>): void {
		this.listener = listener;
	}

	close(): void {
		this.listener = null;
	}

	keepAlive(keeps: boolean): void {
		this.kept.push(keeps);
	}

	/** Whether the other end takes what this one sends. */
	flow(flows: boolean): void {
		this.#reads = flows;
		if (flows) for (const arrive of this.#waiting.splice(0)) this.#clock.defer(arrive);
	}
}

export interface Link {
	/** What the worker holds. */
	worker: End<Up, Down>;
	/** What the primary holds. */
	primary: End<Down, Up>;
	/** The worker's process ends. */
	workerEnds(): void;
	primaryEnds(): void;
}

export function link(clock: Clock): Link {
	const worker = new End<Up, Down>(clock);
	const primary = new End<Down, Up>(clock);
	worker.other = primary;
	primary.other = worker;
	return {
		worker,
		primary,
		workerEnds: () => primary.listener?.ended(),
		primaryEnds: () => worker.listener?.ended()
	};
}
