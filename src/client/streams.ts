// All streams of a client: finds the stream that a message is for, and subscribes them anew with every connection.

import type { LiveError } from '../base/errors.ts';
import type { Heartbeat } from '../protocol/heartbeat.ts';
import type { Position } from '../protocol/position.ts';
import {
	encodeCatchup,
	encodeSubscribe,
	encodeUnsubscribe,
	type Alias,
	type Reset,
	type Resumed,
	type Snapshot,
	type TopicEvent
} from '../protocol/stream.ts';
import type { Link } from './link.ts';
import type { ClientSettings } from './options.ts';
import { requestKey } from './request.ts';
import { ClientStream, type StreamHost } from './stream.ts';
import type { Updates } from './updates.ts';

interface Subscription {
	readonly id: number;
	/** What the topic's events are addressed to; undefined until the server has told. */
	alias: Alias | undefined;
}

export class Streams implements StreamHost {
	readonly settings: ClientSettings;
	readonly updates: Updates;
	readonly #link: Link;
	readonly ask: StreamHost['ask'];
	/** For `client.stream`: in use, or not unused for long. */
	readonly #byKey = new Map<string, ClientStream>();
	readonly #used = new Set<ClientStream>();
	/** The subscriptions of this connection. */
	readonly #subscriptions = new Map<ClientStream, Subscription>();
	readonly #byId = new Map<number, ClientStream>();
	/** Those whose rows the page does not know any more. */
	readonly #outdatedPaths = new Set<string>();
	readonly #byAlias = new Map<Alias, Set<ClientStream>>();

	// oxlint-disable-next-line max-params -- what a client has
	constructor(link: Link, settings: ClientSettings, updates: Updates, ask: StreamHost['ask']) {
		this.#link = link;
		this.ask = ask;
		this.settings = settings;
		this.updates = updates;
	}

	/** The same stream for the same path and arguments, as long as anyone uses it. */
	get(path: string, args: readonly unknown[], version?: number): ClientStream {
		const key = requestKey(path, args);
		const known = this.#byKey.get(key);
		if (known) return known;
		const stream = new ClientStream(this, { path, args: [...args], key, version });
		this.#byKey.set(key, stream);
		return stream;
	}

	keep(stream: ClientStream, used: boolean): void {
		if (used) {
			this.#used.add(stream);
			this.#byKey.set(stream.key, stream);
			return;
		}
		this.#used.delete(stream);
		if (this.#byKey.get(stream.key) === stream) this.#byKey.delete(stream.key);
	}

	join(stream: ClientStream, position: Position | null): LiveError | undefined {
		const refusal = this.#link.demand();
		if (refusal || !this.#link.open) return refusal;
		const id = this.#link.nextId();
		try {
			const { path, args, version } = stream;
			const since = position ? stream.since : undefined;
			this.#link.send(encodeSubscribe({ id, path, position, args: [...args], version, since }));
		} catch (error) {
			return error as LiveError;
		}
		this.#byId.set(id, stream);
		this.#subscriptions.set(stream, { id, alias: undefined });
		return undefined;
	}

	leave(stream: ClientStream): void {
		const subscription = this.#forget(stream);
		if (subscription) this.#link.send(encodeUnsubscribe(subscription.id));
	}

	catchUp(stream: ClientStream, position: Position): void {
		const subscription = this.#subscriptions.get(stream);
		if (subscription) this.#link.send(encodeCatchup(subscription.id, position));
	}

	opened(): void {
		for (const stream of this.#used) stream.join();
	}

	failed(error: LiveError, final: boolean): void {
		this.#subscriptions.clear();
		this.#byId.clear();
		this.#byAlias.clear();
		for (const stream of this.#used) stream.disconnected(error, final);
	}

	receiveState(message: Snapshot | Resumed): void {
		const stream = this.#byId.get(message.id);
		if (!stream) return;
		this.#bind(stream, message.alias);
		stream.receiveState(message);
	}

	receiveReset(message: Reset): void {
		this.#byId.get(message.id)?.receiveReset(message.reason);
	}

	receiveEvent(message: TopicEvent): void {
		for (const stream of this.#byAlias.get(message.alias) ?? []) stream.receiveEvent(message);
	}

	receiveHeads({ heads }: Heartbeat): void {
		for (const [alias, offset] of heads) {
			for (const stream of this.#byAlias.get(alias) ?? []) stream.receiveHead(offset);
		}
	}

	receiveError(id: number, error: LiveError): void {
		const stream = this.#byId.get(id);
		if (!stream) return;
		this.#forget(stream);
		if (error.code === 'UPGRADE_REQUIRED') this.#outdated(stream.path);
		stream.receiveError(error);
	}

	/** The page is too old for what the server has of a path. */
	#outdated(path: string): void {
		if (this.#outdatedPaths.has(path)) return;
		this.#outdatedPaths.add(path);
		this.updates.afterwards(() => this.settings.onUpgradeRequired?.(path));
	}

	/** Events of this alias are for this stream. */
	#bind(stream: ClientStream, alias: Alias): void {
		const subscription = this.#subscriptions.get(stream);
		if (!subscription || subscription.alias === alias) return;
		this.#unbind(stream, subscription);
		subscription.alias = alias;
		const streams = this.#byAlias.get(alias);
		if (streams) streams.add(stream);
		else this.#byAlias.set(alias, new Set([stream]));
	}

	#unbind(stream: ClientStream, { alias }: Subscription): void {
		const streams = alias !== undefined && this.#byAlias.get(alias);
		if (streams && streams.delete(stream) && streams.size === 0) this.#byAlias.delete(alias);
	}

	/** Whatever still arrives for the subscription finds nobody. */
	#forget(stream: ClientStream): Subscription | undefined {
		const subscription = this.#subscriptions.get(stream);
		if (!subscription) return undefined;
		this.#unbind(stream, subscription);
		this.#subscriptions.delete(stream);
		this.#byId.delete(subscription.id);
		return subscription;
	}
}
