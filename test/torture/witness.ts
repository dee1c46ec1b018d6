// Everything that anybody has seen of the logs: what was acknowledged, and what clients applied. Nobody may have seen
// something else at the same place, and nothing may be at two places.

import type { Position } from '../../src/protocol/position.ts';
import type { Appended } from './messages.ts';

/** A copy that was said to lead up to another epoch, as far as an offset. */
interface Carried {
	topic: string;
	from: string;
	to: string;
	offset: number;
}

export class Witness {
	/** By topic and epoch; the index is the offset. */
	readonly #logs = new Map<string, (string | undefined)[]>();
	/** At which offset an event is, by topic, epoch and body. */
	readonly #places = new Map<string, number>();
	readonly #carried: Carried[] = [];
	/** What was acknowledged to whoever published it, in no particular order. */
	readonly acknowledged: Appended[] = [];
	readonly #violate: (problem: string) => void;

	constructor(violate: (problem: string) => void) {
		this.#violate = violate;
	}

	acknowledge(event: Appended): void {
		this.acknowledged.push(event);
		this.see(event, 'acknowledged');
	}

	/** @param by who has seen it */
	see({ topic, epoch, offset, body }: Appended, by: string): void {
		const log = this.#log(topic, epoch);
		const known = log[offset];
		if (known !== undefined && known !== body) {
			this.#violate(`${by}: ${topic} ${epoch}:${offset} is ${body}, and was ${known}`);
		}
		log[offset] = body;
		const place = `${topic} ${epoch} ${body}`;
		const other = this.#places.get(place);
		if (other !== undefined && other !== offset) {
			this.#violate(`${by}: ${topic} ${epoch} has ${body} at ${other} and at ${offset}`);
		}
		this.#places.set(place, offset);
	}

	#log(topic: string, epoch: string): (string | undefined)[] {
		const key = `${topic} ${epoch}`;
		const log = this.#logs.get(key) ?? [];
		this.#logs.set(key, log);
		return log;
	}

	/** A copy of one epoch was continued in another one: all that is before must be the same in both. */
	carry(topic: string, from: Position, to: string): void {
		if (from.epoch !== to) this.#carried.push({ topic, from: from.epoch, to, offset: from.offset });
	}

	/** Compares what copies hold with what they were said to hold, as far as anybody has seen it. */
	checkCarried(): void {
		for (const { topic, from, to, offset: end } of [...this.#carried]) {
			// What led up to the next one leads up to those after it.
			for (const next of this.#carried.filter((next) => next.topic === topic && next.from === to)) {
				this.#compare({ topic, from, to: next.to, offset: Math.min(end, next.offset) });
			}
			this.#compare({ topic, from, to, offset: end });
		}
	}

	#compare({ topic, from, to, offset: end }: Carried): void {
		const [before, after] = [this.#log(topic, from), this.#log(topic, to)];
		for (let offset = 1; offset <= end; offset++) {
			const [one, other] = [before[offset], after[offset]];
			if (one === undefined || other === undefined || one === other) continue;
			return this.#violate(`${topic}: ${from}:${end} went on as ${to}, but ${offset} was ${one} and is ${other}`);
		}
	}
}
