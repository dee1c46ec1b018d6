// Counters. What a process adds to one while it is busy with the same one goes together, so only processes stand in each
// other's way.

import type { Addition } from '../../server/shared-store.ts';
import { tokenOf } from './names.ts';
import type { Found, Records } from './records.ts';
import type { RecordContent } from './record.ts';

interface Waiting {
	readonly addition: Addition;
	readonly resolve: (count: number) => void;
	readonly reject: (error: unknown) => void;
}

export class Counters {
	readonly #records: Records;
	/** Of the counters that this process is busy with. */
	readonly #waiting = new Map<string, Waiting[]>();

	constructor(records: Records) {
		this.#records = records;
	}

	/** Returns what the counter stands at. */
	add(addition: Addition): Promise<number> {
		const { promise, resolve, reject } = Promise.withResolvers<number>();
		const waiting = { addition, resolve, reject };
		const queue = this.#waiting.get(addition.key);
		if (queue) queue.push(waiting);
		else void this.#run(addition.key, [waiting]);
		return promise;
	}

	async #run(key: string, first: Waiting[]): Promise<void> {
		const queue = first;
		this.#waiting.set(key, queue);
		await Promise.resolve(); // the other additions of this call
		while (queue.length > 0) await this.#addAll(key, queue.splice(0));
		this.#waiting.delete(key);
	}

	async #addAll(key: string, all: readonly Waiting[]): Promise<void> {
		let counts: number[] = [];
		try {
			await this.#records.change({ key: `count.${tokenOf(key)}`, name: key }, (found) => {
				const before = Number(found.live?.value ?? 0);
				let count = before;
				counts = all.map(({ addition }) => (count += addition.by));
				return all.some(({ addition }) => addition.by !== 0) ? counter(count, found, all) : null;
			});
			for (const [index, { resolve }] of all.entries()) resolve(counts[index] ?? 0);
		} catch (error) {
			for (const { reject } of all) reject(error);
		}
	}
}

/** It ends a while after its first addition, whatever is added later. */
function counter(count: number, { live }: Found, all: readonly Waiting[]): Omit<RecordContent, 'name'> {
	const first = all.find(({ addition }) => addition.by !== 0);
	const end =
		live === null ? { ttlMs: first?.addition.ttlMs ?? 0, endsAt: null } : { ttlMs: null, endsAt: live.endsAt };
	return { value: String(count), version: 0, ...end };
}
