// What processes tell each other by NOTIFY: which topics have grown (never the events), and what is broadcast. NOTIFY
// takes one lock of all databases at commit, so there is one statement at a time for everything that waits.
// Invariant: every process, the sender too, takes broadcasts in the same order.

import { randomName } from '../../base/random.ts';
import type { EventBody } from '../../protocol/stream.ts';
import type { TopicName } from '../../protocol/topic.ts';
import type { Clock } from '../../base/clock.ts';
import { unavailable } from './appender.ts';
import type { TopicHead } from './log.ts';

/** The server takes less than 8000 bytes. */
const MAX_PAYLOAD = 7_800;
const MAX_WAITING = 10_000;

export type Broadcast = [topic: TopicName, body: EventBody, conflationKey: string | null];

export interface NotifierParts {
	clock: Pick<Clock, 'defer'>;
	send(payloads: readonly string[]): Promise<void>;
	woken(id: number, head: number): void;
	/** Any topic may have grown. */
	wokenAll(): void;
	broadcast(broadcast: Broadcast): void;
	/** A trigger has written down a change of a table. */
	changed(): void;
	/** What somebody else notified on this channel. */
	dropped(payload: string): void;
	failed(error: unknown): void;
}

interface Sent {
	resolve: () => void;
	reject: (error: unknown) => void;
}

interface Unfinished {
	parts: string[];
	missing: number;
}

export class Notifier {
	readonly #parts: NotifierParts;
	readonly #name = randomName();
	#wakes = new Map<number, number>();
	#wakesAll = false;
	/** Null only asks for its way back. */
	#broadcasts: { broadcast: Broadcast | null; sent: Sent }[] = [];
	/** Broadcasts that were sent and have not come back, by the number of their batch. */
	readonly #sent = new Map<number, Sent[]>();
	readonly #unfinished = new Map<string, Unfinished>();
	#batches = 0;
	#sending: Promise<void> | null = null;

	constructor(parts: NotifierParts) {
		this.#parts = parts;
	}

	wake({ id, offset }: TopicHead): void {
		this.#wakes.set(id, Math.max(offset, this.#wakes.get(id) ?? 0));
		this.#sendSoon();
	}

	/** Where it is not known what was stored. */
	wakeAll(): void {
		this.#wakesAll = true;
		this.#sendSoon();
	}

	/** Resolves when it has come back, that is, when it was delivered here. */
	broadcast(broadcast: Broadcast | null): Promise<void> {
		if (this.#broadcasts.length >= MAX_WAITING) {
			return Promise.reject(unavailable(`${MAX_WAITING} broadcasts wait for it already`));
		}
		return new Promise((resolve, reject) => {
			this.#broadcasts.push({ broadcast, sent: { resolve, reject } });
			this.#sendSoon();
		});
	}

	/** The connection that listens was lost: what was under way will not come back. */
	lost(reason: string): void {
		const lost = [...this.#sent.values()].flat();
		this.#sent.clear();
		this.#unfinished.clear();
		for (const { reject } of lost) reject(unavailable(reason));
	}

	async drained(): Promise<void> {
		while (this.#sending !== null) await this.#sending;
	}

	#sendSoon(): void {
		this.#sending ??= this.#sendAll();
	}

	async #sendAll(): Promise<void> {
		await new Promise<void>((resolve) => this.#parts.clock.defer(resolve));
		while (this.#wakes.size > 0 || this.#wakesAll || this.#broadcasts.length > 0) {
			const batch = ++this.#batches;
			const payloads = [...this.#takeWakes(), ...this.#takeBroadcasts(batch)];
			try {
				await this.#parts.send(payloads);
			} catch (error) {
				const sent = this.#sent.get(batch) ?? [];
				this.#sent.delete(batch);
				for (const { reject } of sent) reject(unavailable(String(error), error));
				this.#parts.failed(error);
			}
		}
		this.#sending = null;
	}

	#takeWakes(): string[] {
		const wakes = [...this.#wakes].map(([id, head]) => `${id}:${head}`);
		const payloads: string[] = this.#wakesAll ? ['w*'] : [];
		this.#wakes = new Map();
		this.#wakesAll = false;
		// 40 characters are the most that one can have.
		for (let start = 0; start < wakes.length; start += MAX_PAYLOAD / 40) {
			payloads.push(`w${wakes.slice(start, start + MAX_PAYLOAD / 40).join(',')}`);
		}
		return payloads;
	}

	#takeBroadcasts(batch: number): string[] {
		const taken = this.#broadcasts;
		if (taken.length === 0) return [];
		this.#broadcasts = [];
		this.#sent.set(
			batch,
			taken.map(({ sent }) => sent)
		);
		const parts = split(JSON.stringify(taken.flatMap(({ broadcast }) => (broadcast === null ? [] : [broadcast]))));
		return parts.map((part, index) => `b${this.#name}:${batch}:${index}:${parts.length}:${part}`);
	}

	/** Takes what was notified on the channel. */
	receive(payload: string): void {
		if (payload === 'w*') return this.#parts.wokenAll();
		if (payload === 'c') return this.#parts.changed();
		const wakes = /^w\d+:\d+(,\d+:\d+)*$/.test(payload) ? payload.slice(1).split(',') : null;
		if (wakes) return wakes.forEach((wake) => this.#wakeUp(wake));
		const part = /^b([\w-]+):(\d+):(\d+):(\d+):([^]*)$/.exec(payload);
		if (part === null) return this.#parts.dropped(payload);
		const [, sender = '', batch, index, count, text = ''] = part;
		this.#receivePart(`${sender}:${batch}`, { index: Number(index), count: Number(count), text });
	}

	#wakeUp(wake: string): void {
		const [id, head] = wake.split(':');
		this.#parts.woken(Number(id), Number(head));
	}

	#receivePart(name: string, { index, count, text }: { index: number; count: number; text: string }): void {
		const unfinished = this.#unfinished.get(name) ?? { parts: [], missing: count };
		unfinished.parts[index] = text;
		if (--unfinished.missing > 0) return void this.#unfinished.set(name, unfinished);
		this.#unfinished.delete(name);
		const broadcasts = readBroadcasts(unfinished.parts.join(''));
		if (broadcasts === null) return this.#parts.dropped(unfinished.parts.join(''));
		for (const broadcast of broadcasts) this.#parts.broadcast(broadcast);
		const [sender, batch] = name.split(':');
		if (sender === this.#name) this.#cameBack(Number(batch));
	}

	#cameBack(batch: number): void {
		const sent = this.#sent.get(batch) ?? [];
		this.#sent.delete(batch);
		for (const { resolve } of sent) resolve();
	}
}

/** Pieces that are short enough in UTF-8, where a UTF-16 unit is three bytes at most. */
function split(text: string): string[] {
	const isAscii = new TextEncoder().encode(text).length === text.length;
	const size = Math.floor((MAX_PAYLOAD - 100) / (isAscii ? 1 : 3));
	const parts: string[] = [];
	for (let start = 0; start < text.length;) {
		let end = Math.min(text.length, start + size);
		if (end < text.length && isHighSurrogate(text.charCodeAt(end - 1))) end--;
		parts.push(text.slice(start, end));
		start = end;
	}
	return parts;
}

const isHighSurrogate = (unit: number): boolean => unit >= 0xd800 && unit <= 0xdbff;

function readBroadcasts(text: string): Broadcast[] | null {
	try {
		const list = JSON.parse(text) as unknown;
		return Array.isArray(list) && list.every(isBroadcast) ? list : null;
	} catch {
		return null;
	}
}

function isBroadcast(value: unknown): value is Broadcast {
	if (!Array.isArray(value) || value.length !== 3) return false;
	return (
		typeof value[0] === 'string' &&
		typeof value[1] === 'string' &&
		(value[2] === null || typeof value[2] === 'string')
	);
}
