// Publishing to many. A round publishes some events and ends when every subscriber has every one of them; then the next
// begins. Its size is the number of outstanding publishes.

import { Client, noFaults, openMany, type Faults } from '../client/client.ts';
import { payload } from '../lib/payload.ts';
import { measure, settled, type Measured, type Run } from './scenario.ts';

export interface Audience {
	subscribers: number;
	topics: number;
	/** Topics that each subscriber reads. */
	topicsEach: number;
	/** Events of one round. */
	outstanding: number;
	/** Connections that read nothing. */
	bystanders: number;
}

const ALONE: Audience = { subscribers: 1, topics: 1, topicsEach: 1, outstanding: 1, bystanders: 0 };

/** Spread, so that hardly two subscribers read the same topics. */
function topicsOf(index: number, { topics, topicsEach }: Audience): number[] {
	return Array.from({ length: topicsEach }, (_, each) => (index + each * 7) % topics);
}

/** Opens the audience; `onDelivery` is told of every event that somebody got. */
export async function openAudience(
	run: Run,
	audience: Audience,
	{ faults, onDelivery }: { faults: Faults; onDelivery: (topic: number, sequence: number) => void }
): Promise<Client[]> {
	let index = 0;
	return openMany({ ...run, faults }, audience.subscribers, async (client) => {
		client.onMark = (topic, sequence) => {
			client.checkOrder(topic, sequence);
			onDelivery(topic, sequence);
		};
		for (const topic of topicsOf(index++, audience)) await client.subscribe(topic);
	});
}

/** Publishes round after round. */
class Rounds {
	delivered = 0;
	stopped = false;
	readonly #publisher: Client;
	readonly #audience: Audience;
	readonly #readers: number[];
	readonly #sequences: number[];
	#due = 0;
	#next = 0;

	constructor(publisher: Client, audience: Audience) {
		this.#publisher = publisher;
		this.#audience = audience;
		this.#readers = Array.from({ length: audience.topics }, () => 0);
		this.#sequences = Array.from({ length: audience.topics }, () => 0);
		for (let index = 0; index < audience.subscribers; index++) {
			for (const topic of topicsOf(index, audience)) this.#readers[topic] = (this.#readers[topic] ?? 0) + 1;
		}
	}

	/** Deliveries of this round that have not arrived. */
	get missing(): number {
		return this.#due;
	}

	begin(): void {
		const events = Array.from({ length: this.#audience.outstanding }, () => this.#event());
		this.#publisher.publish(...events);
	}

	#event(): { topic: number; value: string } {
		const topic = this.#next++ % this.#audience.topics;
		const sequence = (this.#sequences[topic] ?? 0) + 1;
		this.#sequences[topic] = sequence;
		this.#due += this.#readers[topic] ?? 0;
		return { topic, value: payload(topic, sequence) };
	}

	readonly arrived = (): void => {
		this.delivered++;
		if (--this.#due === 0 && !this.stopped) setImmediate(() => this.begin());
	};
}

export async function fanOut(run: Run, parameters: Partial<Audience>): Promise<Measured> {
	const audience = { ...ALONE, ...parameters };
	const faults = noFaults();
	const publisher = await Client.open({ ...run, faults });
	const rounds = new Rounds(publisher, audience);
	const clients = await openAudience(run, audience, { faults, onDelivery: rounds.arrived });
	const bystanders = await openMany({ ...run, faults }, audience.bystanders);
	rounds.begin();
	const measured = await measure(run, () => rounds.delivered);
	rounds.stopped = true;
	faults.lost += await settled(() => rounds.missing);
	for (const client of [publisher, ...clients, ...bystanders]) client.destroy();
	return { ...measured, figures: {}, faults };
}
