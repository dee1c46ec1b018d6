// A snapshot that is loaded once for all streams that ask for the same thing while it is under way. Sharing is safe only
// where the load did not look at who asks: the context notices when it does, and then everybody loads for themselves.

import type { Position } from '../protocol/position.ts';
import { encodeListedEvent, type DataVersion, type EventBody } from '../protocol/stream.ts';
import { encodeValue, type ValueText } from '../protocol/value.ts';
import type { MaybePromise } from '../base/maybe-promise.ts';
import type { LiveContext } from './context.ts';
import { cursorTextOf } from './page.ts';
import { noticing } from './who-asks.ts';

/** More keyless events than this during one load of an ephemeral topic, and the oldest are left out. */
const MAX_COLLECTED = 1_000;

export interface Loaded {
	value: ValueText;
	/** Where the value goes on; undefined where it is no page. */
	cursor: string | null | undefined;
	/** The state of the data, or an earlier one; undefined where that is not asked. */
	since: DataVersion | undefined;
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
