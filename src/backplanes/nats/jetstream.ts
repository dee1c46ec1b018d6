// What is used of JetStream, by its own protocol of requests and answers: a client library for it would bring consumers,
// ordered ones and buckets, of which we need three requests. Times of the server are given in milliseconds.

import { Buffer } from 'node:buffer';
import type { NatsMessage } from './client.ts';
import type { Link } from './link.ts';
import { unavailable } from './unavailable.ts';

/** A message as a stream keeps it. */
export interface StoredMessage {
	readonly subject: string;
	/** Its place in the stream, from 1. */
	readonly sequence: number;
	/** When the server stored it, in milliseconds since the Unix epoch. */
	readonly storedAt: number;
	readonly text: string;
}

/** Of a message by its subject, or of the first one at or behind a sequence. */
export type Lookup = { last_by_subj: string } | { next_by_subj: string; seq: number };

export interface ApiError {
	readonly code: number;
	readonly err_code?: number;
	readonly description?: string;
}

/** What the server refused to do. */
export class Refused extends Error {
	override readonly name = 'Refused';
	readonly code: number;
	/** NATS's own number of the error. */
	readonly number: number;

	constructor(what: string, { code, err_code: number = 0, description = 'no reason given' }: ApiError) {
		super(`${what}: ${description}`);
		this.code = code;
		this.number = number;
	}
}

/** NATS's own number of an error; 0 where it has none. */
const numberOf = (error: unknown): number => (error instanceof Refused ? error.number : 0);

export interface StoreOptions {
	/** Null: whatever is there. */
	readonly expected: number | null;
	/** On the clock of this process. */
	readonly until: number;
}

const WRONG_LAST_SEQUENCE = 10_071;
const WRONG_LAST_MESSAGE = 10_070;
const NAME_IN_USE = 10_058;
const SUBJECTS_OVERLAP = 10_065;
const NO_SUCH_STREAM = 10_059;
const NOT_FOUND = 404;

export interface StreamConfig {
	readonly name: string;
	readonly num_replicas: number;
	readonly [option: string]: unknown;
}

export class JetStream {
	readonly link: Link;
	/** With replicas only the first of them is asked, because the others may be behind. */
	readonly #isAlone: boolean;

	constructor(link: Link, replicas: number) {
		this.link = link;
		this.#isAlone = replicas === 1;
	}

	/** Makes a stream, or changes one to what it should be. Returns when it was first made. */
	async ensure(config: StreamConfig): Promise<string> {
		const text = JSON.stringify(config);
		const make = async (verb: string): Promise<string> => {
			const message = await this.link.ask(`$JS.API.STREAM.${verb}.${config.name}`, text);
			return (parse(message, `the stream "${config.name}"`) as { created: string }).created;
		};
		try {
			return await make('CREATE');
		} catch (error) {
			const number = numberOf(error);
			if (number === NAME_IN_USE) return make('UPDATE');
			if (number !== SUBJECTS_OVERLAP) throw error;
			// With a stream of somebody else's; or with this one, which another process has made in the same moment.
			return make('UPDATE').catch((reason: unknown) => {
				throw numberOf(reason) === NO_SUCH_STREAM ? error : reason;
			});
		}
	}

	/**
	 * Stores a message if the last one of its subject is at `expected`, or none where it is 0.
	 * @returns its sequence; null where another message is there
	 */
	async store(subject: string, text: string, { expected, until }: StoreOptions): Promise<number | null> {
		const headers = this.link.newHeaders();
		if (expected !== null) headers.set('Nats-Expected-Last-Subject-Sequence', String(expected));
		const message = await this.link.request(subject, text, { headers, until });
		try {
			return (parse(message, 'it did not store') as { seq: number }).seq;
		} catch (error) {
			const number = numberOf(error);
			if (number === WRONG_LAST_SEQUENCE || number === WRONG_LAST_MESSAGE) return null;
			throw this.#unavailable(error);
		}
	}

	/** Null where there is none. */
	async get(stream: string, lookup: Lookup): Promise<StoredMessage | null> {
		return this.#isAlone ? this.#getDirect(stream, lookup) : this.#getFromLeader(stream, lookup);
	}

	async #getDirect(stream: string, lookup: Lookup): Promise<StoredMessage | null> {
		const message = await this.link.request(`$JS.API.DIRECT.GET.${stream}`, JSON.stringify(lookup));
		const { headers } = message;
		if (headers === undefined || headers.code === NOT_FOUND) return null;
		if (headers.code > 0) throw unavailable(`it refused a look into "${stream}" with ${headers.code}`);
		return {
			subject: headers.get('Nats-Subject'),
			sequence: Number(headers.get('Nats-Sequence')),
			storedAt: millisecondsOf(headers.get('Nats-Time-Stamp')),
			text: textOf(message)
		};
	}

	async #getFromLeader(stream: string, lookup: Lookup): Promise<StoredMessage | null> {
		const answer = await this.link.request(`$JS.API.STREAM.MSG.GET.${stream}`, JSON.stringify(lookup));
		try {
			const { message } = parse(answer, `a look into "${stream}"`) as LeaderAnswer;
			const text = Buffer.from(message.data ?? '', 'base64').toString('utf8');
			return { subject: message.subject, sequence: message.seq, storedAt: millisecondsOf(message.time), text };
		} catch (error) {
			if (error instanceof Refused && error.code === NOT_FOUND) return null;
			throw this.#unavailable(error);
		}
	}

	/** The subjects that match a pattern and have messages in a stream, all as of one moment (each 100,000 of them). */
	async subjects(stream: string, pattern: string): Promise<string[]> {
		let all: string[] = [];
		for (;;) {
			const { state, total = 0 } = await this.#info(stream, { subjects_filter: pattern, offset: all.length });
			const more = Object.keys(state.subjects ?? {});
			all = all.concat(more);
			if (more.length === 0 || all.length >= total) return all;
		}
	}

	/** The place of the last message that a stream took. */
	async lastSequence(stream: string): Promise<number> {
		const { state } = await this.#info(stream, {});
		return state.last_seq;
	}

	async #info(stream: string, request: object): Promise<StreamInfo> {
		const answer = await this.link.request(`$JS.API.STREAM.INFO.${stream}`, JSON.stringify(request));
		try {
			return parse(answer, `a look into "${stream}"`) as StreamInfo;
		} catch (error) {
			throw this.#unavailable(error);
		}
	}

	/** Returns whether the message was there. */
	async delete(stream: string, sequence: number): Promise<boolean> {
		const body = JSON.stringify({ seq: sequence, no_erase: true });
		const answer = await this.link.request(`$JS.API.STREAM.MSG.DELETE.${stream}`, body);
		try {
			return (parse(answer, 'it did not delete') as { success: boolean }).success;
		} catch (error) {
			if (error instanceof Refused) return false; // 2.9 answers with 500 where there is none
			throw error;
		}
	}

	#unavailable(error: unknown): unknown {
		return error instanceof Refused ? unavailable(error.message) : error;
	}
}

interface StreamInfo {
	/** How many messages each subject has, where they were asked for; absent where there are none. */
	readonly state: { readonly last_seq: number; readonly subjects?: Readonly<Record<string, number>> };
	/** How many subjects there are, on all pages. */
	readonly total?: number;
}

interface LeaderAnswer {
	message: { subject: string; seq: number; time: string; data?: string };
}

/** @throws {Refused} */
function parse(message: NatsMessage, what: string): unknown {
	const answer = JSON.parse(textOf(message)) as { error?: ApiError };
	if (answer.error) throw new Refused(what, answer.error);
	return answer;
}

/** The server writes nanoseconds, which `Date` does not read. */
const millisecondsOf = (time: string): number => Date.parse(time.replace(/(\.\d{3})\d+/, '$1'));

export function textOf({ data }: NatsMessage): string {
	return Buffer.from(data.buffer, data.byteOffset, data.byteLength).toString('utf8');
}
