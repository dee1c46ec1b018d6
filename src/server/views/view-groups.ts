// All views of topics that streams of this process read. Streams share one where nothing that its functions look at tells
// them apart: found out by watching what they look at, or said by the view (`by`).

import { fingerprint } from '../../base/fingerprint.ts';
import type { TopicName } from '../../protocol/topic.ts';
import { encodeValue } from '../../protocol/value.ts';
import type { LiveContext } from '../context.ts';
import type { Feature } from '../features.ts';
import type { ServerParts } from '../server-parts.ts';
import type { StreamDefinition } from '../definition.ts';
import type { HubTopic, TopicParts } from '../hub-topic.ts';
import type { ReadTopic } from '../read-topic.ts';
import { finer, noticing, type Asker } from '../who-asks.ts';
import { EventView } from './event-view.ts';
import type { GroupOptions, ViewRun } from './group.ts';
import { RowView } from './row-view.ts';
import { needsRows, type View } from './view.ts';

export type ViewGroup = EventView | RowView;

/** What all views of a process share. */
interface ViewParts extends Pick<ViewRun, 'clock' | 'limits'> {
	readonly topics: TopicParts;
	readonly onError: (path: string, error: unknown) => void;
}

/** A stream that wants to read a view. */
export interface ViewReader {
	readonly path: string;
	/** What the arguments were written as. */
	readonly argsText: string;
	readonly args: readonly unknown[];
	readonly definition: StreamDefinition & { readonly view: View };
	readonly context: LiveContext;
}

interface Seat {
	readonly group: ViewGroup;
	users: number;
}

/** The views of a server. */
export function viewGroupsOf({ hub, clock, limits, onError }: ServerParts): ViewGroups {
	return new ViewGroups({ topics: hub.parts, clock, limits, onError: (path, error) => onError(path, error, null) });
}

export class ViewGroups implements Feature {
	readonly #parts: ViewParts;
	readonly #seats = new Map<string, Seat>();
	readonly #keys = new Map<ViewGroup, string>();
	/** What the functions of a view were seen to look at, and the number that names the view. */
	readonly #views = new WeakMap<View, { readonly id: number; asker: Asker }>();
	#names = 0;

	constructor(parts: ViewParts) {
		this.#parts = parts;
	}

	/** Every `join` is followed by one `leave`. */
	join(topic: HubTopic, reader: ViewReader): ViewGroup {
		const key = this.#keyOf(topic.name, reader);
		const seat = this.#seats.get(key) ?? this.#open(key, topic, reader);
		seat.users++;
		return seat.group;
	}

	leave(topic: ReadTopic): void {
		const group = topic as ViewGroup; // what `join` gave
		const key = this.#keys.get(group);
		const seat = key === undefined ? undefined : this.#seats.get(key);
		if (seat?.group !== group || --seat.users > 0) return;
		this.#forget(group);
		group.end();
	}

	/** No connection is left. */
	async stop(): Promise<void> {
		for (const { group } of this.#seats.values()) group.end();
		this.#seats.clear();
	}

	#open(key: string, topic: HubTopic, reader: ViewReader): Seat {
		const { definition, args, path, context } = reader;
		const { view } = definition;
		const { topics, clock, limits, onError } = this.#parts;
		const known = this.#knownOf(view);
		const shared = known.asker;
		const onLook = (asker: Asker): void => {
			if (finer(shared, asker) === shared) return;
			known.asker = finer(known.asker, asker);
			this.#end(key);
		};
		const options: GroupOptions = {
			topic,
			topics,
			args,
			epoch: fingerprint(`${context.connection.id} ${key} ${++this.#names}`),
			// Where the view says who sees the same, its functions may look at that.
			run: {
				path,
				definition,
				clock,
				limits,
				context: noticing(context, view.by === null ? onLook : () => {}),
				onError: (error) => onError(path, error)
			},
			loadContext: noticing(context, onLook),
			onFailed: (error) => {
				this.#forget(group);
				if (group instanceof RowView) group.failAll(error);
			}
		};
		const group: ViewGroup = needsRows(view, definition.merge) ? new RowView(options) : new EventView(options);
		const seat = { group, users: 0 };
		this.#seats.set(key, seat);
		this.#keys.set(group, key);
		group.start();
		return seat;
	}

	/** Its streams join anew, each the group that it belongs to by now. */
	#end(key: string): void {
		const group = this.#seats.get(key)?.group;
		if (group === undefined) return;
		this.#forget(group);
		group.end();
	}

	#forget(group: ViewGroup): void {
		const key = this.#keys.get(group);
		this.#keys.delete(group);
		if (key !== undefined && this.#seats.get(key)?.group === group) this.#seats.delete(key);
	}

	#keyOf(topic: TopicName, { path, argsText, definition, context }: ViewReader): string {
		const { view } = definition;
		const { id, asker } = this.#knownOf(view);
		const named = view.by === null ? '' : encodeValue(view.by(context));
		return [id, topic, path, argsText, named, this.#askerOf(asker, context)].join(' ');
	}

	#askerOf(asker: Asker, { user }: LiveContext): string {
		if (asker === 'anybody') return '';
		return asker === 'user' ? encodeValue(user) : `#${++this.#names}`;
	}

	#knownOf(view: View) {
		let known = this.#views.get(view);
		if (!known) this.#views.set(view, (known = { id: ++this.#names, asker: 'anybody' }));
		return known;
	}
}
