// Echo calls. `call`: many connections with several calls outstanding each. `latency`: one call at a time.

import { noFaults, openMany, type Client, type Faults } from '../client/client.ts';
import { payload } from '../lib/payload.ts';
import { measure, percentile, settled, type Measured, type Run } from './scenario.ts';

/** Keeps `outstanding` calls under way; every answer must be to a call that waits. */
class Caller {
	answered = 0;
	readonly #waiting = new Set<number>();
	readonly #client: Client;
	readonly #faults: Faults;
	#sequence = 0;
	#owed = 0;
	#stopped = false;

	constructor(client: Client, faults: Faults) {
		this.#client = client;
		this.#faults = faults;
		client.onMark = (_, sequence) => this.#answer(sequence);
	}

	start(outstanding: number): void {
		this.#client.call(...Array.from({ length: outstanding }, () => this.#next()));
	}

	stop(): void {
		this.#stopped = true;
	}

	get unanswered(): number {
		return this.#waiting.size;
	}

	#next(): string {
		this.#waiting.add(++this.#sequence);
		return payload(0, this.#sequence);
	}

	#answer(sequence: number): void {
		if (!this.#waiting.delete(sequence)) this.#faults.repeated++;
		this.answered++;
		if (this.#stopped) return;
		// The answers that arrive in one read are followed by as many calls in one write.
		if (this.#owed++ === 0) queueMicrotask(() => this.#refill());
	}

	#refill(): void {
		const owed = this.#owed;
		this.#owed = 0;
		this.start(owed);
	}
}

export async function call(run: Run, { connections, outstanding }: Record<string, number>): Promise<Measured> {
	const faults = noFaults();
	const clients = await openMany({ ...run, faults }, connections ?? 1);
	const callers = clients.map((client) => new Caller(client, faults));
	for (const caller of callers) caller.start(outstanding ?? 1);
	const measured = await measure(run, () => callers.reduce((sum, { answered }) => sum + answered, 0));
	for (const caller of callers) caller.stop();
	faults.lost += await settled(() => callers.reduce((sum, { unanswered }) => sum + unanswered, 0));
	for (const client of clients) client.destroy();
	return { ...measured, figures: {}, faults };
}

export async function latency(run: Run): Promise<Measured> {
	const faults = noFaults();
	const [client] = await openMany({ ...run, faults }, 1);
	if (!client) throw new Error('no connection');
	let answered = 0;
	let sentAt = 0;
	let micros: number[] = [];
	const next = (): void => {
		const text = payload(0, answered + 1);
		sentAt = performance.now();
		client.call(text);
	};
	client.onMark = () => {
		micros.push((performance.now() - sentAt) * 1e3);
		answered++;
		setImmediate(next);
	};
	next();
	setTimeout(() => (micros = []), run.warmMs);
	const measured = await measure(run, () => answered);
	client.onMark = () => {};
	client.destroy();
	return { ...measured, figures: { p50: percentile(micros, 0.5), p99: percentile(micros, 0.99) }, faults };
}
