// Reads and changes what stands under keys of the bucket. A change is decided from what is there and takes place only if
// that is still there, else it is decided anew: so it is atomic, whoever else is at work.

import type { LiveError } from '../../base/errors.ts';
import type { JetStream } from './jetstream.ts';
import { Listing } from './listing.ts';
import type { Names } from './names.ts';
import type { NatsSettings } from './options.ts';
import { decodeRecord, encodeRecord, type RecordContent, type StoredRecord } from './record.ts';
import type { ServerClock } from './server-clock.ts';
import { unavailable } from './unavailable.ts';

export interface RecordsParts {
	readonly jetStream: JetStream;
	readonly names: Names;
	readonly settings: NatsSettings;
	readonly time: ServerClock;
	/** Takes note of a message that is not ours. */
	readonly drop: (subject: string) => void;
}

/** Where something stands, and under which name. */
export interface Place {
	/** Of the bucket. */
	readonly key: string;
	readonly name: string;
}

/** What a change is decided from. */
export interface Found {
	/** What is there; null where there is nothing, or where it has ended. */
	readonly live: StoredRecord | null;
	/** The same, or what has ended and is not deleted yet. */
	readonly last: StoredRecord | null;
	/** By the server's clock, in milliseconds since the Unix epoch. */
	readonly now: number;
}

/** What to put there; null: nothing is changed. */
export type Decide = (found: Found) => Omit<RecordContent, 'name'> | null;

const PATIENCE = 3;
/** How many members of a group are asked for at the same time. */
const AT_ONCE = 500;

export class Records {
	readonly #parts: RecordsParts;

	constructor(parts: RecordsParts) {
		this.#parts = parts;
	}

	async get(place: Place): Promise<StoredRecord | null> {
		await this.#parts.time.ready();
		return this.#live(await this.#last(place)).live;
	}

	/** Puts what does not depend on what is there. */
	async put({ key, name }: Place, content: Omit<RecordContent, 'name'>): Promise<void> {
		const { jetStream, names } = this.#parts;
		const text = encodeRecord({ name, ...content });
		await jetStream.store(names.keySubject(key), text, { expected: null, until: jetStream.link.deadline() });
	}

	/** Returns what was put; null where nothing was. */
	async change(place: Place, decide: Decide): Promise<Omit<RecordContent, 'name'> | null> {
		const { jetStream, names, settings, time } = this.#parts;
		const until = jetStream.link.deadline();
		await time.ready();
		for (let conflicts = 0; ; conflicts++) {
			const found = await this.#last(place);
			const content = decide(this.#live(found));
			if (content === null) return null;
			const text = encodeRecord({ name: place.name, ...content });
			const options = { expected: found?.sequence ?? 0, until };
			if ((await jetStream.store(names.keySubject(place.key), text, options)) !== null) return content;
			if (conflicts >= PATIENCE) await this.#pause(2 ** Math.min(5, conflicts - PATIENCE));
			if (settings.clock.now() >= until) throw this.#contention;
		}
	}

	/** Takes away what is there, without a trace. Returns whether it was there. */
	async delete(place: Place): Promise<boolean> {
		const { jetStream, names, settings, time } = this.#parts;
		const until = jetStream.link.deadline();
		await time.ready();
		while (settings.clock.now() < until) {
			const { live } = this.#live(await this.#last(place));
			if (live === null) return false;
			if (await jetStream.delete(names.bucket, live.sequence)) return true;
		}
		throw this.#contention;
	}

	/**
	 * Everything that is there under a pattern of keys: the members of one group. What is there all the time is found,
	 * however often it is replaced meanwhile; a consumer gives no such promise.
	 */
	async list(pattern: string): Promise<StoredRecord[]> {
		const { jetStream, names, time } = this.#parts;
		await time.ready();
		const subjects = await jetStream.subjects(names.bucket, names.keySubject(pattern));
		const records: StoredRecord[] = [];
		for (let begin = 0; begin < subjects.length; begin += AT_ONCE) {
			const some = subjects.slice(begin, begin + AT_ONCE);
			const all = await Promise.all(
				some.map((subject) => jetStream.get(names.bucket, { last_by_subj: subject }))
			);
			records.push(...all.flatMap((message) => (message && decodeRecord(message)) ?? []));
		}
		const now = time.now();
		return records.filter(({ endsAt }) => endsAt > now);
	}

	/** Deletes what ended long ago. Returns how many. */
	async sweep(afterMs: number): Promise<number> {
		const { jetStream, names, settings, time } = this.#parts;
		await time.ready();
		const to = await jetStream.lastSequence(names.bucket);
		const options = { stream: names.bucket, subject: names.keySubject('>'), from: 1, to };
		const all = await new Listing(jetStream.link, settings, options).run();
		const before = time.now() - afterMs;
		const ended = all.filter((message) => {
			const record = decodeRecord(message);
			return record !== null && Math.max(record.endsAt, record.storedAt) < before;
		});
		for (const { sequence } of ended) await jetStream.delete(names.bucket, sequence);
		return ended.length;
	}

	/** What is not ours counts as nothing; its place is known, so that it can be replaced. */
	async #last({ key, name }: Place): Promise<StoredRecord | null> {
		const { jetStream, names, drop } = this.#parts;
		const message = await jetStream.get(names.bucket, { last_by_subj: names.keySubject(key) });
		if (message === null) return null;
		const record = decodeRecord(message);
		if (record?.name === name) return record;
		drop(message.subject);
		const { sequence, storedAt } = message;
		return { name, value: '', version: 0, endsAt: 0, sequence, storedAt };
	}

	#live(last: StoredRecord | null): Found {
		const now = this.#parts.time.now();
		return { live: last !== null && last.endsAt > now ? last : null, last, now };
	}

	get #contention(): LiveError {
		return unavailable('other processes were always first');
	}

	#pause(ms: number): Promise<void> {
		const { clock, random } = this.#parts.settings;
		return new Promise((resolve) => void clock.setTimer(resolve, ms * (0.5 + random())));
	}
}
