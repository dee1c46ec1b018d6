// A fixed number of publishes per second to one topic, whatever the server makes of it. Latency counts from when a publish
// was due, so that a client or server that falls behind does not look fast.

import { Client, noFaults } from '../client/client.ts';
import { payload } from '../lib/payload.ts';
import { openAudience } from './fan-out.ts';
import { measure, settled, type Measured, type Run } from './scenario.ts';

/** Latencies up to 20 s in steps of 0.1 ms. */
class Histogram {
	readonly #counts = new Uint32Array(200_000);
	#total = 0;

	add(ms: number): void {
		const step = Math.min(this.#counts.length - 1, Math.max(0, Math.floor(ms * 10)));
		this.#counts[step] = (this.#counts[step] ?? 0) + 1;
		this.#total++;
	}

	clear(): void {
		this.#counts.fill(0);
		this.#total = 0;
	}

	percentileMs(fraction: number): number {
		let seen = 0;
		const step = this.#counts.findIndex((count) => (seen += count) >= this.#total * fraction);
		return (step + 1) / 10;
	}
}

/** Publishes what is due, about every millisecond. */
class Metronome {
	published = 0;
	readonly startMs = performance.now();
	readonly #publisher: Client;
	readonly #perSecond: number;
	readonly #timer = setInterval(() => this.#publishDue(), 1);

	constructor(publisher: Client, perSecond: number) {
		this.#publisher = publisher;
		this.#perSecond = perSecond;
	}

	dueMs(sequence: number): number {
		return this.startMs + (sequence * 1e3) / this.#perSecond;
	}

	stop(): void {
		clearInterval(this.#timer);
	}

	#publishDue(): void {
		const events: { topic: number; value: string }[] = [];
		while (this.dueMs(this.published + 1) <= performance.now()) {
			events.push({ topic: 0, value: payload(0, ++this.published) });
		}
		if (events.length > 0) this.#publisher.publish(...events);
	}
}

export async function steady(run: Run, { subscribers = 1000, perSecond = 400 }): Promise<Measured> {
	const faults = noFaults();
	const publisher = await Client.open({ ...run, faults });
	const latencies = new Histogram();
	let delivered = 0;
	let metronome: Metronome | null = null;
	const onDelivery = (_: number, sequence: number): void => {
		delivered++;
		if (metronome) latencies.add(performance.now() - metronome.dueMs(sequence));
	};
	const audience = { subscribers, topics: 1, topicsEach: 1, outstanding: 1, bystanders: 0 };
	const clients = await openAudience(run, audience, { faults, onDelivery });
	const beating = (metronome = new Metronome(publisher, perSecond));
	setTimeout(() => latencies.clear(), run.warmMs);
	const measured = await measure(run, () => delivered);
	const figures = {
		p50ms: latencies.percentileMs(0.5),
		p99ms: latencies.percentileMs(0.99),
		perSecond: measured.operations / measured.seconds / subscribers
	};
	beating.stop();
	// A server that cannot keep up has a backlog, which is no loss: gaps show in `faults` by themselves.
	const behind = await settled(() => beating.published * subscribers - delivered);
	for (const client of [publisher, ...clients]) client.destroy();
	return { ...measured, figures: { ...figures, behind }, faults };
}
