// Who loads the value of a stream: others, who want the same, or the stream itself. Invariant: nobody gets the value of a
// load that looked at somebody else.

import { whenDone, type MaybePromise } from '../base/maybe-promise.ts';
import type { ResetReason } from '../protocol/stream.ts';
import type { Closing } from './closing.ts';
import type { LiveContext } from './context.ts';
import type { StreamDefinition } from './definition.ts';
import { versionNow } from './delta.ts';
import { loadValue } from './load-value.ts';
import { pagedAs } from './page.ts';
import type { ReadTopic } from './read-topic.ts';
import { SharedLoad, type Loaded } from './shared-load.ts';
import type { HostedContext, StreamHost } from './stream-host.ts';

export interface LoaderParts {
	readonly host: StreamHost;
	readonly definition: StreamDefinition;
	readonly context: HostedContext;
	readonly args: readonly unknown[];
	readonly path: string;
	/** What names a load: by what came from the network, which can always be written. */
	readonly loadKey: string;
}

export interface Sending {
	/** Why what the client has does not connect; null where it has nothing, or nothing that needs a reason. */
	readonly why: ResetReason | null;
	/** Whether the client has a value, which stays until the new one is there. */
	readonly isReload: boolean;
}

export class StreamLoader {
	readonly #parts: LoaderParts;
	readonly #closing: Closing;

	constructor(parts: LoaderParts, closing: Closing) {
		this.#parts = parts;
		this.#closing = closing;
	}

	/** A load that is under way, one that was kept for those who come back, or a new one. */
	first(topic: ReadTopic, { why }: Sending): SharedLoad {
		const { definition, host, loadKey } = this.#parts;
		const { kept } = topic.loads;
		// Of what an ephemeral topic has brought since, there is no log.
		const isBack = why !== null && !definition.ephemeral;
		const load = (isBack ? kept.get(loadKey) : undefined) ?? this.#shared(topic) ?? this.#begin(topic);
		if (isBack) kept.keep(loadKey, load, host.clock);
		return load;
	}

	#shared({ loads }: ReadTopic): SharedLoad | undefined {
		const shared = loads.shared(this.#parts.loadKey);
		return shared?.personal ? undefined : shared;
	}

	/** The places bound how many callers load for themselves at a time, where all of a topic have to. */
	async alone(topic: ReadTopic, { isReload }: Sending): Promise<SharedLoad> {
		if (!isReload) return this.#begin(topic);
		const { places } = topic.loads;
		await places.enter();
		const load = this.#begin(topic);
		const leave = (): void => places.leave();
		this.#closing.before(load.done).then(leave, leave);
		return load;
	}

	#begin(topic: ReadTopic): SharedLoad {
		const { definition, host, args, context, loadKey, path } = this.#parts;
		const span = host.observer?.span;
		const load = (caller: LiveContext): unknown => loadValue(definition, caller, args);
		const { delta } = definition;
		const version = delta ? (caller: LiveContext) => versionNow(delta, caller, args) : null;
		const run = (caller: LiveContext): MaybePromise<unknown> => {
			const loaded = span === undefined ? load(caller) : span('load', path, () => load(caller));
			return whenDone(loaded, (value) => shown(topic, value));
		};
		const own = new SharedLoad(topic.loadedFrom ?? topic.head, context, { load: run, version });
		topic.loads.share(loadKey, own);
		return own;
	}

	/** The outcome of a load, unless it belongs to somebody else, or the stream is closed first. */
	async valueOf(load: SharedLoad): Promise<Loaded | null> {
		const foreign = (): boolean => load.personal && load.context !== this.#parts.context;
		try {
			const loaded = await this.#closing.before(load.done);
			return foreign() ? null : loaded;
		} catch (error) {
			if (foreign()) return null;
			throw error;
		}
	}
}

/** A value as the readers of a topic see it. */
export function shown(topic: ReadTopic, value: unknown): MaybePromise<unknown> {
	return topic.shownAs ? whenDone(topic.shownAs(value), (rows) => pagedAs(value, rows)) : value;
}
