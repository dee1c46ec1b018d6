// `live`, `live.validated`, `live.query` and `live.idempotent`: functions that the browser calls.

import type { StandardSchemaV1 } from '@standard-schema/spec';
import type { MaybePromise } from '../base/maybe-promise.ts';
import type { LiveCall, LiveIdempotent, LiveQuery } from '../base/surface.ts';
import type { LiveContext } from './context.ts';
import { define, registeredPath, type CallDefinition, type Handler } from './definition.ts';

type Input<Schema extends StandardSchemaV1> = StandardSchemaV1.InferInput<Schema>;
type Output<Schema extends StandardSchemaV1> = StandardSchemaV1.InferOutput<Schema>;
export type Schemas = readonly StandardSchemaV1[];

/** What the caller gives: an argument whose schema allows undefined may be left out. */
export type Inputs<All extends Schemas> = All extends readonly [
	infer First extends StandardSchemaV1,
	...infer Rest extends Schemas
]
	? undefined extends Input<First>
		? [input?: Input<First>, ...Inputs<Rest>]
		: [input: Input<First>, ...Inputs<Rest>]
	: [];

/** What the handler gets. */
export type Outputs<All extends Schemas> = { -readonly [Index in keyof All]: Output<All[Index]> };

type Run<Args extends unknown[], Result> = (context: LiveContext, ...args: Args) => MaybePromise<Result>;

/**
 * Makes a server function callable from the browser. The arguments arrive as plain data of any shape: validate them, or
 * use `live.validated`.
 */
export function call<Args extends unknown[], Result>(handler: Run<Args, Result>): LiveCall<Args, Awaited<Result>> {
	return makeCall(handler as Handler, null) as LiveCall<Args, Awaited<Result>>;
}

/** The same, with a Standard Schema (Valibot, Zod, ArkType, …) for the argument, or a list with one for each. */
export function validated<Schema extends StandardSchemaV1, Result>(
	schema: Schema,
	handler: Run<[input: Output<Schema>], Result>
): LiveCall<Inputs<[Schema]>, Awaited<Result>>;
export function validated<const All extends Schemas, Result>(
	schemas: All,
	handler: Run<Outputs<All>, Result>
): LiveCall<Inputs<All>, Awaited<Result>>;
export function validated(schemas: StandardSchemaV1 | Schemas, handler: unknown): unknown {
	return makeCall(handler as Handler, listOf(schemas));
}

/** A function that changes nothing: identical calls share one request, and are repeated after a lost connection. */
export function query<Args extends unknown[], Result>(handler: Run<Args, Result>): LiveQuery<Args, Awaited<Result>>;
export function query<Schema extends StandardSchemaV1, Result>(
	schema: Schema,
	handler: Run<[input: Output<Schema>], Result>
): LiveQuery<Inputs<[Schema]>, Awaited<Result>>;
export function query<const All extends Schemas, Result>(
	schemas: All,
	handler: Run<Outputs<All>, Result>
): LiveQuery<Inputs<All>, Awaited<Result>>;
export function query(first: unknown, second?: unknown): unknown {
	if (second === undefined) return makeCall(first as Handler, null);
	return makeCall(second as Handler, listOf(first as StandardSchemaV1 | Schemas));
}

export interface IdempotentOptions {
	/** How long the answer is kept for further attempts, in milliseconds. @default 86400000, a day */
	keepMs?: number;
}

const DAY_MS = 24 * 60 * 60 * 1_000;

/**
 * A function that takes effect once per key, on all processes together: further attempts, at the same time or later, get
 * the answer of the first one, and other arguments with the same key are a CONFLICT. The browser gives each call a key, and
 * sends it again after a lost connection; `withKey` names the request by a key of the application. Keys are those of one
 * user and one function. A handler that throws a retryable LiveError leaves its key free. Where the process ends while the
 * handler runs, nobody knows how far it came: further attempts are refused with CONFLICT.
 */
export function idempotent<Args extends unknown[], Result>(
	handler: Run<Args, Result>,
	options?: IdempotentOptions
): LiveIdempotent<Args, Awaited<Result>>;
export function idempotent<Schema extends StandardSchemaV1, Result>(
	schema: Schema,
	handler: Run<[input: Output<Schema>], Result>,
	options?: IdempotentOptions
): LiveIdempotent<Inputs<[Schema]>, Awaited<Result>>;
export function idempotent<const All extends Schemas, Result>(
	schemas: All,
	handler: Run<Outputs<All>, Result>,
	options?: IdempotentOptions
): LiveIdempotent<Inputs<All>, Awaited<Result>>;
export function idempotent(...given: unknown[]): unknown {
	const schemas = typeof given[0] === 'function' ? null : listOf(given.shift() as StandardSchemaV1 | Schemas);
	const [handler, { keepMs = DAY_MS } = {}] = given as [Handler, IdempotentOptions?];
	if (!(keepMs > 0)) throw new RangeError(`"keepMs" must be above 0, not ${keepMs}`);
	return makeCall(handler, schemas, { keepMs });
}

function listOf(schemas: StandardSchemaV1 | Schemas): Schemas {
	return Array.isArray(schemas) ? (schemas as Schemas) : [schemas as StandardSchemaV1];
}

function makeCall(handler: Handler, schemas: Schemas | null, once: CallDefinition['once'] = null): object {
	if (typeof handler !== 'function') throw new TypeError(`live() takes a function, not ${typeof handler}`);
	const refuse = (): Promise<never> => refuseOnServer(target);
	const target = Object.assign((): Promise<never> => refuse(), { fresh: refuse, withKey: refuse });
	return define(target, { kind: 'call', handler, schemas, once });
}

function refuseOnServer(target: object): Promise<never> {
	return Promise.reject(calledOnServer(target));
}

/** Only a component's build has the function that calls: on the server there is no connection to call over. */
function calledOnServer(target: object): Error {
	const path = registeredPath(target) ?? 'a live function';
	return new Error(
		`"${path}" was called on the server: live functions are called from the browser. On the server, call the ` +
			`function that it wraps, or use load() of a stream`
	);
}

/** What features export that is called, and returns something else than a promise. What converses needs no handler. */
export function defineCall(definition: Omit<CallDefinition, 'kind' | 'handler'> & { handler?: Handler }): object {
	const target = (): never => {
		throw calledOnServer(target);
	};
	return define(target, { kind: 'call', handler: target, ...definition });
}

/**
 * The arguments of such a function of `live`: schemas or none, a handler, and options or none.
 * @param name of the function of `live`, for the message
 */
export function takeSchemas(
	name: string,
	given: unknown[]
): { schemas: Schemas | null; handler: unknown; options: unknown } {
	const [first, ...rest] = given;
	const schemas = Array.isArray(first) ? (first as Schemas) : null;
	const [handler, options] = schemas ? rest : given;
	if (typeof handler !== 'function') throw new TypeError(`${name}() takes a function, not ${typeof handler}`);
	return { schemas, handler, options };
}
