// A snapshot that is loaded once for all streams that ask for the same thing while it is under way. Sharing is safe only
// where the load did not look at who asks: the context notices when it does, and then everybody loads for themselves.

import type { Position } from '../protocol/position.ts';
import { encodeListedEvent, type DataVersion, type EventBody } from '../protocol/stream.ts';
import { encodeValue, type ValueText } from '../protocol/value.ts';
import type { MaybePromise } from '../base/maybe-promise.ts';
import type { LiveContext } from './context.ts';
import { Gate } from './gate.ts';
import { KeptLoads } from './kept-loads.ts';
import { cursorTextOf } from './page.ts';
import { noticing } from './who-asks.ts';

/** More keyless events than this during one load of an ephemeral topic, and the oldest are left out. */
const MAX_COLLECTED = 1_000;
/** Loads of a topic that an invalidation starts at the same time, where none can be shared. */
const PLACES = 16;

export interface Loaded {
	value: ValueText;
	/** Where the value goes on; undefined where it is no page. */
	cursor: string | null | undefined;
	/** The state of the data, or an earlier one; undefined where that is not asked. */
	since: DataVersion | undefined;
}

/** The loads of one topic that are under way, or kept for those who come back. */
export class LoadsOfTopic {
	/** By what they load; a later one takes the place of an earlier one. */
	readonly #shared = new Map<string, SharedLoad>();
	/** Those that have ended a moment ago. */
	readonly kept = new KeptLoads();
	/** For callers of a topic that all have to load for themselves. */
	readonly places = new Gate(PLACES);
	/** How many streams wait for each. */
	readonly #users = new Map<SharedLoad, number>();

	/** The load that others may share. */
	shared(key: string): SharedLoad | undefined {
		return this.#shared.get(key);
	}

	share(key: string, load: SharedLoad): void {
		this.#shared.set(key, load);
		const end = (): void => {
			if (this.#shared.get(key) === load) this.#shared.delete(key);
		};
		load.done.then(end, end);
	}

	/** What was loaded may be without what came just now: later streams load anew, those that wait once more. */
	invalidate(): void {
		this.#shared.clear();
		this.kept.clear();
		for (const load of this.#users.keys()) load.isStale = true;
	}

	/** Later streams load anew. */
	unshare(key: string): void {
		this.#shared.delete(key);
	}

	/** A stream waits for a load: until it lets go, the load collects what is broadcast. */
	hold(load: SharedLoad): void {
		this.#users.set(load, (this.#users.get(load) ?? 0) + 1);
	}

	letGo(load: SharedLoad): void {
		const users = (this.#users.get(load) ?? 1) - 1;
		if (users > 0) this.#users.set(load, users);
		else this.#users.delete(load);
	}

	collect(body: EventBody, conflationKey: string | null): void {
		for (const load of this.#users.keys()) load.collect(body, conflationKey);
	}
}

type AskVersion = (context: LiveContext) => MaybePromise<DataVersion>;

interface LoadParts {
	readonly load: (context: LiveContext) => MaybePromise<unknown>;
	/** Asks for the state of the data, before it is loaded. */
	readonly version?: AskVersion | null;
}

export class SharedLoad {
	/** Where the topic stood before the load began: the value holds at least everything up to here. */
	readonly position: Position;
	readonly done: Promise<Loaded>;
	/** Of the stream that started the load. */
	readonly context: LiveContext;
	/** Whether the topic was invalidated while it ran. */
	isStale = false;
	readonly #collected = new Collected();
	readonly #version: AskVersion | null;
	#personal = false;

	constructor(position: Position, context: LiveContext, { load, version = null }: LoadParts) {
		this.#version = version;
		this.position = position;
		this.context = context;
		this.done = this.#run(
			noticing(context, () => (this.#personal = true)),
			load
		);
	}

	async #run(context: LiveContext, load: (context: LiveContext) => MaybePromise<unknown>): Promise<Loaded> {
		const since = this.#version === null ? undefined : await this.#version(context);
		const value = await load(context);
		return { value: encodeValue(value), cursor: cursorTextOf(value), since };
	}

	/** Whether the load looked at who asks, and its value may depend on that; final when `done` has settled. */
	get personal(): boolean {
		return this.#personal;
	}

	/** Keeps what an ephemeral topic delivers meanwhile: no log has it. */
	collect(body: EventBody, conflationKey: string | null): void {
		this.#collected.add(body, conflationKey);
	}

	/** What was collected, as `snapshot` lists events. */
	get events(): string[] {
		return this.#collected.bodies.map((body) => encodeListedEvent(0, body));
	}
}

interface CollectedEvent {
	readonly body: EventBody;
	readonly conflationKey: string | null;
}

/** Events of an ephemeral topic that wait, the latest one of each key. */
export class Collected {
	readonly #events = new Map<string, CollectedEvent>();
	#unnamed = 0;

	add(body: EventBody, conflationKey: string | null): void {
		const key = conflationKey === null ? `#${this.#unnamed++}` : `=${conflationKey}`;
		this.#events.delete(key);
		this.#events.set(key, { body, conflationKey });
		if (this.#events.size > MAX_COLLECTED) this.shift();
	}

	/** Takes out the first one. */
	shift(): CollectedEvent | undefined {
		const [first] = this.#events;
		if (first) this.#events.delete(first[0]);
		return first?.[1];
	}

	get bodies(): EventBody[] {
		return [...this.#events.values()].map(({ body }) => body);
	}
}
