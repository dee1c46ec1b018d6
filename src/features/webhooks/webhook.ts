// `live.webhook`: what another service posts becomes events of a topic. Verified before it is parsed, in time, and each
// delivery once: the sender is told of success only when its events are in the log, and delivers again otherwise.

import { isLiveError, LiveError } from '../../base/errors.ts';
import type { MaybePromise } from '../../base/maybe-promise.ts';
import { define } from '../../server/definition.ts';
import { runtime } from '../../server/runtime.ts';
import type { Service, ServiceDefinition, ServiceHost } from '../../server/service.ts';
import type { TopicLike } from '../../server/topic.ts';
import { deliveryOf, idOf, timeOf, type WebhookDelivery } from './delivery.ts';
import type { VerifyWebhook } from './verify.ts';

export interface WebhookEvent {
	event: string;
	data: unknown;
	/** @default the webhook's own topic */
	topic?: TopicLike;
}

export interface WebhookOptions<Payload> {
	/** Returns what a delivery says; throws, or returns nothing, where it is not the sender's. */
	verify: VerifyWebhook<Payload>;
	/** What is published of it: an event, several, or null for nothing. */
	transform: (payload: Payload) => MaybePromise<WebhookEvent | readonly WebhookEvent[] | null>;
	/**
	 * Names a delivery, also when it is sent again; null: each stands for itself.
	 * @default the id in a header that is known, or `payload.id`, or a digest of the body
	 */
	id?: (payload: Payload, delivery: WebhookDelivery) => string | null;
	/**
	 * When it was sent, in milliseconds since the Unix epoch; null: not known, and never stale. It must be part of what is signed.
	 * @default the time in a header that is known
	 */
	sentAt?: (payload: Payload, delivery: WebhookDelivery) => number | null;
	/** How old a delivery may be, or how far in the future, in milliseconds. @default 300000, five minutes */
	toleranceMs?: number;
	/** How long deliveries are remembered, in milliseconds. @default 259200000, three days */
	keepMs?: number;
	/** @default 1048576 */
	maxBytes?: number;
	/** Where it is served by itself, for example `/hooks/stripe`. @default nowhere: export `POST` from a +server.ts */
	path?: string;
}

/** What a live module exports for a webhook. The browser gets nothing of it. */
export interface LiveWebhook {
	/** For a +server.ts: `export const POST = stripeEvents.POST`. */
	POST(this: void, input: { request: Request }): Promise<Response>;
	/** The same for a delivery that was read already, as text. */
	handle(delivery: WebhookDelivery): Promise<{ status: number; body: string }>;
}

const [TOLERANCE_MS, KEEP_MS, MAX_BYTES] = [5 * 60_000, 3 * 24 * 60 * 60_000, 1024 * 1024];

/**
 * Takes the deliveries of another service.
 * @param topic what its events are published to
 */
export function webhook<Payload>(topic: TopicLike, options: WebhookOptions<Payload>): LiveWebhook {
	if (typeof options.verify !== 'function')
		throw new TypeError('live.webhook() needs "verify": without it anybody could publish');
	if (options.path !== undefined && !options.path.startsWith('/'))
		throw new TypeError(`the path of a webhook must begin with "/", not be "${options.path}"`);
	const receiver = new Receiver(topic, options);
	const definition: ServiceDefinition = {
		kind: 'service',
		begins: false,
		start: (path, host) => receiver.begin(path, host)
	};
	const target: LiveWebhook = {
		POST: ({ request }) => receiver.respond(request),
		handle: (delivery) => receiver.handle(delivery)
	};
	return define(target, definition);
}

class Receiver<Payload> {
	readonly #topic: TopicLike;
	readonly #options: WebhookOptions<Payload>;
	#server: { path: string; host: ServiceHost } | null = null;

	constructor(topic: TopicLike, options: WebhookOptions<Payload>) {
		this.#topic = topic;
		this.#options = options;
	}

	begin(path: string, host: ServiceHost): Service {
		const server = { path, host };
		this.#server = server;
		const stopServing = this.#options.path === undefined ? () => {} : this.#serve(this.#options.path);
		return {
			stop: async () => {
				if (this.#server === server) this.#server = null;
				stopServing();
				return true;
			}
		};
	}

	#serve(path: string): () => void {
		const { routes } = runtime();
		if (routes.has(path)) throw new Error(`two webhooks are served at "${path}"`);
		routes.set(path, (request) => this.respond(request));
		return () => void routes.delete(path);
	}

	async respond(request: Request): Promise<Response> {
		if (request.method !== 'POST') return new Response(null, { status: 405, headers: { allow: 'POST' } });
		const { maxBytes = MAX_BYTES } = this.#options;
		const { status, body } = await this.#answering(async () => this.#receive(await deliveryOf(request, maxBytes)));
		const headers = { 'content-type': 'text/plain', ...(status === 503 && { 'retry-after': '5' }) };
		return new Response(`${body}\n`, { status, headers });
	}

	handle({ body, headers }: WebhookDelivery): Promise<{ status: number; body: string }> {
		const lower = Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]);
		return this.#answering(() => this.#receive({ body, headers: Object.fromEntries(lower) }));
	}

	async #answering(run: () => Promise<string>): Promise<{ status: number; body: string }> {
		try {
			return { status: 200, body: await run() };
		} catch (error) {
			// The sender is told what it may know; why it was refused is for the log.
			this.#server?.host.onError(this.#server.path, error, null);
			if (!isLiveError(error)) return { status: 500, body: 'something went wrong' };
			return { status: STATUS[error.code] ?? 500, body: error.message };
		}
	}

	async #receive(delivery: WebhookDelivery): Promise<string> {
		if (this.#server === null) throw new LiveError('UNAVAILABLE', 'the server is not running');
		const { host, path } = this.#server;
		const payload = await this.#verified(delivery);
		this.#assertFresh(payload, delivery, host.clock.wallTime());
		const { id } = this.#options;
		const name = id === undefined ? await idOf(delivery, payload) : id(payload, delivery);
		if (name === null) return this.#publish(host, payload);
		return this.#once(host, `webhook/${path}/${name}`, () => this.#publish(host, payload));
	}

	async #verified(delivery: WebhookDelivery): Promise<Payload> {
		let payload: Payload | undefined;
		let cause: unknown = 'verify() returned nothing';
		try {
			payload = await this.#options.verify(delivery);
		} catch (error) {
			cause = error;
		}
		if (payload === undefined || payload === null || (payload as unknown) === false)
			throw new LiveError('UNAUTHORIZED', 'the delivery was not verified', { cause });
		return payload;
	}

	#assertFresh(payload: Payload, delivery: WebhookDelivery, now: number): void {
		const { sentAt, toleranceMs = TOLERANCE_MS } = this.#options;
		const sent = sentAt === undefined ? timeOf(delivery) : sentAt(payload, delivery);
		if (sent === null || Math.abs(now - sent) <= toleranceMs) return; // not a number is stale
		throw new LiveError('BAD_REQUEST', `the delivery is stale; the limit "toleranceMs" is ${toleranceMs}`);
	}

	/** What was published and not remembered, because the process ended in between, is published again. */
	async #once(host: ServiceHost, key: string, publish: () => Promise<string>): Promise<string> {
		const { store } = host.backplane;
		if ((await store.get(key)) !== null) return 'repeated';
		const lease = await host.process.leases.acquire(key);
		if (lease === null) throw new LiveError('UNAVAILABLE', 'the same delivery is being taken');
		try {
			if ((await store.get(key)) !== null) return 'repeated';
			const outcome = await publish();
			await store.put(key, '', { ttlMs: this.#options.keepMs ?? KEEP_MS });
			return outcome;
		} finally {
			await lease.release();
		}
	}

	async #publish({ publisher }: ServiceHost, payload: Payload): Promise<string> {
		const events = (await this.#options.transform(payload)) ?? [];
		for (const { topic = this.#topic, event, data } of [events].flat()) await publisher.publish(topic, event, data);
		return 'ok';
	}
}

const STATUS: Readonly<Record<string, number>> = {
	BAD_REQUEST: 400,
	UNAUTHORIZED: 401,
	TOO_LARGE: 413,
	UNAVAILABLE: 503
};
