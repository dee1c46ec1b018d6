// Many messages of a stream in one go, by a consumer that lives as long as it takes. The server waits for us where we are
// slow (flow control). How many messages follow it says as well, and is wrong about that where some are replaced meanwhile:
// so what ends a listing is the last place that is of interest, or that the server has no more for us.

import type { NatsMessage } from './client.ts';
import { Refused, textOf, type StoredMessage } from './jetstream.ts';
import type { Link } from './link.ts';
import type { NatsSettings } from './options.ts';
import { unavailable } from './unavailable.ts';

export interface ListingOptions {
	readonly stream: string;
	/** May end with a wildcard. */
	readonly subject: string;
	/** The first sequence. */
	readonly from: number;
	/** The last one; the stream has got as far. */
	readonly to: number;
}

interface Created {
	name: string;
	error?: { code: number; err_code?: number; description?: string };
}

const SECOND_NS = 1_000_000_000;

type ListingLink = Pick<Link, 'ready' | 'deadline' | 'newInbox' | 'subscribe' | 'request' | 'publish'>;

/** @throws {LiveError} UNAVAILABLE where it comes to a standstill */
export class Listing {
	readonly #link: ListingLink;
	readonly #settings: Pick<NatsSettings, 'clock' | 'timeoutMs'>;
	readonly #options: ListingOptions;
	readonly #done = Promise.withResolvers<void>();
	readonly #found: StoredMessage[] = [];
	#heardAt = 0;

	constructor(link: ListingLink, settings: Pick<NatsSettings, 'clock' | 'timeoutMs'>, options: ListingOptions) {
		this.#link = link;
		this.#settings = settings;
		this.#options = options;
	}

	async run(): Promise<StoredMessage[]> {
		await this.#link.ready(this.#link.deadline());
		const inbox = this.#link.newInbox();
		const subscription = this.#link.subscribe(inbox, (message) => this.#hear(message));
		const created = this.#create(inbox);
		const stop = this.#watch();
		try {
			const [{ name }] = await Promise.all([created, this.#done.promise]);
			this.#link.publish(`$JS.API.CONSUMER.DELETE.${this.#options.stream}.${name}`, '');
			return this.#found;
		} finally {
			stop();
			subscription.unsubscribe();
		}
	}

	async #create(inbox: string): Promise<Created> {
		const { stream, subject, from } = this.#options;
		const config = {
			deliver_subject: inbox,
			deliver_policy: 'by_start_sequence',
			opt_start_seq: Math.max(1, from),
			filter_subject: subject,
			ack_policy: 'none',
			max_deliver: 1,
			flow_control: true,
			idle_heartbeat: SECOND_NS,
			inactive_threshold: 5 * SECOND_NS,
			mem_storage: true,
			num_replicas: 1
		};
		const body = JSON.stringify({ stream_name: stream, config });
		const answer = await this.#link.request(`$JS.API.CONSUMER.CREATE.${stream}`, body);
		const created = JSON.parse(textOf(answer)) as Created;
		if (created.error) {
			const { message } = new Refused(`a look into "${stream}"`, created.error);
			throw unavailable(message);
		}
		return created;
	}

	/** What a lost connection took on its way does not come again, though the server goes on to say that it is there. */
	#hear(message: NatsMessage): void {
		if (message.headers !== undefined && message.headers.code > 0) return this.#goOn(message);
		this.#heardAt = this.#settings.clock.now();
		const { sequence, nth, storedAt } = placeOf(message.reply ?? '');
		if (nth !== this.#found.length + 1) return this.#lose();
		const { to } = this.#options;
		if (sequence <= to) this.#found.push({ subject: message.subject, sequence, storedAt, text: textOf(message) });
		if (sequence >= to) this.#done.resolve();
	}

	/** The server waits until we say that we have taken everything, or has nothing to send and says how much it has sent. */
	#goOn({ reply, headers }: NatsMessage): void {
		const stalled = headers?.get('Nats-Consumer-Stalled') ?? '';
		if (reply || stalled) return this.#link.publish(reply || stalled, '');
		const sent = headers?.get('Nats-Last-Consumer') ?? '';
		if (sent === String(this.#found.length)) this.#done.resolve();
		else if (sent !== '') this.#lose();
	}

	#lose(): void {
		this.#done.reject(unavailable('a listing has lost messages'));
	}

	/** Returns what ends it. */
	#watch(): () => void {
		const { clock, timeoutMs } = this.#settings;
		this.#heardAt = clock.now();
		const look = (): unknown =>
			clock.setTimer(() => {
				const isLate = clock.now() - this.#heardAt >= timeoutMs;
				if (isLate) this.#done.reject(unavailable(`a listing came to a standstill`));
				else timer = look();
			}, timeoutMs);
		let timer = look();
		return () => clock.clearTimer(timer);
	}
}

/** `$JS.ACK.STREAM.CONSUMER.DELIVERED.SEQUENCE.CONSUMER_SEQUENCE.TIME.PENDING`, or with domain and account behind `ACK`. */
function placeOf(reply: string): { sequence: number; nth: number; storedAt: number } {
	const tokens = reply.split('.');
	const first = tokens.length > 9 ? 7 : 5;
	const [sequence, nth, time] = tokens.slice(first).map(Number) as [number, number, number];
	return { sequence, nth, storedAt: time / 1e6 };
}
