// A snapshot that is loaded once for all streams that ask for the same thing while it is under way. Sharing is safe only
// where the load did not look at who asks: the context notices when it does, and then everybody loads for themselves.

import type { Position } from '../protocol/position.ts';
import { encodeListedEvent, type EventBody } from '../protocol/stream.ts';
import { encodeValue, type ValueText } from '../protocol/value.ts';
import type { MaybePromise } from '../base/maybe-promise.ts';
import { PARTS, type LiveContext } from './context.ts';

/** More keyless events than this during one load of an ephemeral topic, and the oldest are left out. */
const MAX_COLLECTED = 1_000;

export interface Loaded {
	value: ValueText;
}

/** The loads of one topic that are under way. */
export class LoadsOfTopic {
	/** By what they load; a later one takes the place of an earlier one. */
	readonly #shared = new Map<string, SharedLoad>();
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

export class SharedLoad {
	/** Where the topic stood before the load began: the value holds at least everything up to here. */
	readonly position: Position;
	readonly done: Promise<Loaded>;
	/** Of the stream that started the load. */
	readonly context: LiveContext;
	readonly #collected = new Map<string, EventBody>();
	#unnamed = 0;
	#personal = false;

	constructor(position: Position, context: LiveContext, load: (context: LiveContext) => MaybePromise<unknown>) {
		this.position = position;
		this.context = context;
		this.done = this.#run(
			impersonal(context, () => (this.#personal = true)),
			load
		);
	}

	async #run(context: LiveContext, load: (context: LiveContext) => MaybePromise<unknown>): Promise<Loaded> {
		return { value: encodeValue(await load(context)) };
	}

	/** Whether the load looked at who asks, and its value may depend on that; final when `done` has settled. */
	get personal(): boolean {
		return this.#personal;
	}

	/** Keeps what an ephemeral topic delivers meanwhile: no log has it. */
	collect(body: EventBody, conflationKey: string | null): void {
		const key = conflationKey === null ? `#${this.#unnamed++}` : `=${conflationKey}`;
		this.#collected.delete(key);
		this.#collected.set(key, body);
		if (this.#collected.size > MAX_COLLECTED) this.#collected.delete(this.#collected.keys().next().value as string);
	}

	/** What was collected, as `snapshot` lists events. */
	get events(): string[] {
		return [...this.#collected.values()].map((body) => encodeListedEvent(0, body));
	}
}

/** What a load may use without its result depending on the caller. */
const IMPERSONAL: ReadonlySet<PropertyKey> = new Set([PARTS, 'path', 'publish', 'throttle', 'debounce']);

/** A context that reports the first use of anything that tells callers apart. */
function impersonal(context: LiveContext, onPersonal: () => void): LiveContext {
	return new Proxy(context, {
		get(target, property) {
			// A shared load outlives the caller who happened to start it.
			if (property === 'abortSignal') return new AbortController().signal;
			if (!IMPERSONAL.has(property)) onPersonal();
			return Reflect.get(target, property, target) as unknown;
		},
		has(target, property) {
			onPersonal();
			return Reflect.has(target, property);
		},
		getOwnPropertyDescriptor(target, property) {
			onPersonal();
			return Reflect.getOwnPropertyDescriptor(target, property);
		},
		ownKeys(target) {
			onPersonal();
			return Reflect.ownKeys(target);
		}
	});
}
