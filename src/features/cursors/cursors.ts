// `live.cursors`: where everybody points.

import { assertOptions } from '../../base/options.ts';
import { LiveError } from '../../base/errors.ts';
import type { EventsOf } from '../../base/merge.ts';
import type { LiveCursorsFactory } from '../../base/surface.ts';
import type { TopicName, TopicParts } from '../../protocol/topic.ts';
import type { LiveContext } from '../../server/context.ts';
import { call } from '../../server/define-call.ts';
import { stream, type LiveStream } from '../../server/define-stream.ts';
import { defineMembers, type StreamDefinition } from '../../server/definition.ts';
import { partsOf } from '../../server/features.ts';
import type { Schema } from '../../server/validate.ts';
import { callerKey } from '../shared/caller-key.ts';
import { DEFAULT_MAX_BYTES, encodeRow } from '../shared/row.ts';
import {
	LIST_OPTIONS,
	admit,
	streamOf,
	topicFor,
	valid,
	type ArgsOf,
	type ListOptions,
	type Run,
	type TopicRun
} from '../shared/stream-parts.ts';
import { makeCursors, type CursorsFeature } from './cursors-feature.ts';

export interface Point {
	x: number;
	y: number;
}

/** A cursor as the others see it: where it is, whose, and the key that the server derived. */
export type Cursor<Place, Data> = Omit<Place, keyof Data | 'key'> & Omit<Data, 'key'> & { key: string };

export interface CursorsOptions<Args extends unknown[], Data, Input, Place> extends ListOptions<Args> {
	/** What is shown beside the place, such as a name. It wins over what the client sends. @default nothing */
	data?: Run<Args, Data>;
	/** A Standard Schema for a place. @default `{ x, y }`, two finite numbers */
	place?: Schema<Input, Place>;
	/** How often a cursor is shown at most, in milliseconds. Its last place always is. @default 50 */
	throttleMs?: number;
}

/** What a live module exports for cursors. In the browser only the calling part exists. */
export type LiveCursors<Args extends unknown[], Shown, Input> = LiveCursorsFactory<Args, Shown, Input> &
	Pick<LiveStream<Args, Shown[], EventsOf<'cursor', Shown[], 'key'>>, 'load' | 'topic' | 'topicFor'>;

export const DEFAULT_THROTTLE_MS = 50;

/**
 * Where everybody points. A cursor is moved by `cursors(id).move(place)` in the browser, and goes with the connection.
 * @param topic what the cursors are known by: a name, parts, or a function of the arguments
 */
export function cursors<Data extends object = object, Input = Point, Place extends object = Point>(
	topic: TopicParts,
	options?: CursorsOptions<[], Data, Input, Place>
): LiveCursors<[], Cursor<Place, Data>, Input>;
export function cursors<
	Source extends TopicRun,
	Data extends object = object,
	Input = Point,
	Place extends object = Point
>(
	topic: Source,
	options?: CursorsOptions<ArgsOf<Source>, Data, Input, Place>
): LiveCursors<ArgsOf<Source>, Cursor<Place, Data>, Input>;
export function cursors(topic: unknown, options: unknown = {}): unknown {
	return new CursorsDefinition(options as AnyOptions).make(topic as TopicParts);
}

type AnyOptions = CursorsOptions<unknown[], object, unknown, object>;

const OPTIONS = {
	...LIST_OPTIONS,
	data: true,
	place: true,
	throttleMs: true
} satisfies Record<keyof AnyOptions, true>;

class CursorsDefinition {
	readonly #options: AnyOptions;
	#stream: StreamDefinition | null = null;

	constructor(options: AnyOptions) {
		assertOptions(options, OPTIONS, 'live.cursors');
		this.#options = options;
	}

	make(topic: TopicParts): object {
		const { args, access } = this.#options;
		const target = stream(topic, (context: LiveContext, ...given: unknown[]) => this.#load(context, given), {
			merge: 'cursor',
			key: 'key',
			...(args && { args }),
			...(access && { access }),
			onSubscribe: (context, { name }) => featureOf(context).of(name).enter(),
			onUnsubscribe: (context, { name }) => featureOf(context).exit(name, context.connection.id)
		});
		this.#stream = streamOf(target);
		const move = call((context, ...given: unknown[]) => this.#move(context, given.slice(0, -1), given.at(-1)));
		return defineMembers(target, { move });
	}

	get #definition(): StreamDefinition {
		if (this.#stream === null) throw new Error('the definition is not made yet');
		return this.#stream;
	}

	async #load(context: LiveContext, args: unknown[]): Promise<unknown> {
		return featureOf(context)
			.of(await this.#topic(context, args))
			.open();
	}

	async #move(context: LiveContext, given: unknown[], place: unknown): Promise<void> {
		const { key = callerKey, throttleMs = DEFAULT_THROTTLE_MS } = this.#options;
		const args = await admit(this.#definition, context, given);
		const text =
			place === null ? null : encodeRow(key(context), await this.#shown(context, args, place), this.#max);
		const topic = await this.#topic(context, args);
		const feature = featureOf(context);
		await feature.open(topic);
		if (context.abortSignal.aborted) return; // its connection has closed meanwhile: nobody would take the cursor away
		feature.move(topic, { key: key(context), connection: context.connection.id, text }, throttleMs);
	}

	async #shown(context: LiveContext, args: unknown[], place: unknown): Promise<object> {
		const { data, place: schema } = this.#options;
		const where = schema === undefined ? pointOf(place) : ((await valid(schema, place)) as object);
		return { ...where, ...(await data?.(context, ...args)) };
	}

	get #max(): number {
		return this.#options.maxBytes ?? DEFAULT_MAX_BYTES;
	}

	#topic(context: LiveContext, args: unknown[]): Promise<TopicName> {
		return topicFor(this.#definition, context, args);
	}
}

const featureOf = (context: LiveContext): CursorsFeature => partsOf(context).features.get(makeCursors);

function pointOf(place: unknown): Point {
	const { x, y } = (place ?? {}) as Partial<Point>;
	if (Number.isFinite(x) && Number.isFinite(y)) return { x, y } as Point;
	throw new LiveError('VALIDATION', 'a place is { x, y }, two finite numbers', {
		issues: [{ message: 'a place is { x, y }, two finite numbers', path: [] }]
	});
}
