// What the exports of presence and cursors have in common: a stream that is kept by the server alone, and calls below it.

import { LiveError } from '../../base/errors.ts';
import type { MaybePromise } from '../../base/maybe-promise.ts';
import { encodeTopic, type TopicName, type TopicParts } from '../../protocol/topic.ts';
import type { LiveContext } from '../../server/context.ts';
import { definitionOf, type StreamDefinition } from '../../server/definition.ts';
import { topicOfStream } from '../../server/stream-topic.ts';
import { validateArgs, type Schema } from '../../server/validate.ts';

export type Run<Args extends unknown[], Result> = (context: LiveContext, ...args: Args) => MaybePromise<Result>;

export type TopicRun = Run<never[], TopicParts>;

/** The arguments that a topic says. */
export type ArgsOf<Source> = Source extends (context: LiveContext, ...args: infer Args) => unknown ? Args : [];

export interface ListOptions<Args extends unknown[]> {
	/**
	 * By what somebody is known to the others. Made from the context alone, so that nobody can claim to be another.
	 * @default the user's id; for a visitor without one the connection's
	 */
	key?: (context: LiveContext) => string;
	/** The most bytes of one row. More are refused with TOO_LARGE. @default 4096 */
	maxBytes?: number;
	/** Standard Schemas, one for each argument. @default the arguments are not validated */
	args?: readonly Schema<unknown, unknown>[];
	/** Who may read, and be in it. @default everybody who passes the guards */
	access?: Run<Args, boolean>;
}

export const LIST_OPTIONS = {
	key: true,
	maxBytes: true,
	args: true,
	access: true
} satisfies Record<keyof ListOptions<unknown[]>, true>;

/** The definition that `stream()` has made. */
export function streamOf(target: object): StreamDefinition {
	return definitionOf(target) as StreamDefinition;
}

export async function topicFor(
	definition: StreamDefinition,
	context: LiveContext,
	args: readonly unknown[]
): Promise<TopicName> {
	return encodeTopic(await topicOfStream(definition, context, args));
}

/**
 * The arguments of a stream, for a call that has one more: valid, and allowed.
 * @throws {LiveError} VALIDATION, FORBIDDEN
 */
export async function admit(definition: StreamDefinition, context: LiveContext, args: unknown[]): Promise<unknown[]> {
	const { schemas, access } = definition;
	const valid = schemas === null ? args : await validateArgs(schemas, args);
	if (access !== null && !(await access(context, ...valid))) {
		throw new LiveError('FORBIDDEN', `access to "${context.path}" is denied`);
	}
	return valid;
}

/** Takes a schema's word for one value. @throws {LiveError} VALIDATION */
export async function valid(schema: Schema<unknown, unknown>, value: unknown): Promise<unknown> {
	return (await validateArgs([schema], [value]))[0];
}
