// `live.rateLimit` and `rateLimiter`: how often somebody may do something, counted on all processes together.

import { LiveError } from '../../base/errors.ts';
import type { MaybePromise } from '../../base/maybe-promise.ts';
import type { LiveCall, LiveExport, PlainFunction } from '../../base/surface.ts';
import type { LiveContext } from '../../server/context.ts';
import { partsOf, type Feature } from '../../server/features.ts';
import { countedAs, type CountedBy } from '../../server/identity.ts';
import { redefine } from '../../server/redefine.ts';
import type { ServerParts } from '../../server/server-parts.ts';
import { assertWindow } from '../../server/sliding-window.ts';
import { RateLimiter, type RateVerdict } from './rate-limiter.ts';

export interface RateLimitOptions {
	/** How often. */
	points: number;
	/** In which time, in milliseconds: a window that slides. */
	window: number;
	/**
	 * Who is counted: `user` by the id of the session's user, and visitors without one by address; `address` as the transport
	 * tells it; `connection`; or a key of your own. @default 'user'
	 */
	by?: CountedBy | ((context: LiveContext) => string | number);
	/** For how long whoever goes over it is refused, in milliseconds. @default 0: until there is room again */
	blockMs?: number;
	/** Functions of one name share one budget. @default each has its own */
	name?: string;
}

type Run<Args extends unknown[], Result> = (context: LiveContext, ...args: Args) => MaybePromise<Result>;

/**
 * Limits how often each may call a function or open a stream. Who goes over it is refused with RATE_LIMITED and
 * `retryAfterMs`, before guards run. A call of a batch counts as a call.
 */
export function rateLimit<Args extends unknown[], Result>(
	options: RateLimitOptions,
	handler: Run<Args, Result> & PlainFunction
): LiveCall<Args, Awaited<Result>>;
export function rateLimit<Export extends LiveExport>(options: RateLimitOptions, inner: Export): Export;
export function rateLimit(options: RateLimitOptions, inner: object): object {
	assertWindow({ points: options.points, windowMs: options.window });
	const check = async (context: LiveContext): Promise<void> => {
		const { allowed, retryAfterMs } = await limiterFor(context, options).consume(keyOf(context, options));
		if (!allowed) throw refusal(context.path, options, retryAfterMs);
	};
	return redefine(inner, 'live.rateLimit()', (definition) => ({
		...definition,
		before: [check, ...(definition.before ?? [])]
	}));
}

export interface RateLimits {
	/** Takes `cost` points of whoever calls, or none. */
	consume(context: LiveContext, cost?: number): Promise<RateVerdict>;
	/** The same, with an error instead of a verdict. @throws {LiveError} RATE_LIMITED */
	assert(context: LiveContext, cost?: number): Promise<void>;
	/** Forgets what whoever calls has used. */
	reset(context: LiveContext): Promise<void>;
	/** Refuses whoever calls for so many milliseconds, everywhere. */
	ban(context: LiveContext, ms: number): Promise<void>;
	unban(context: LiveContext): Promise<void>;
}

/** A limit to use inside handlers: for what costs more than one point, or several functions at once. */
export function rateLimiter(options: RateLimitOptions & { name: string }): RateLimits {
	assertWindow({ points: options.points, windowMs: options.window });
	const of = (context: LiveContext): [RateLimiter, string] => [limiterFor(context, options), keyOf(context, options)];
	return {
		async consume(context, cost) {
			const [limiter, key] = of(context);
			return limiter.consume(key, cost);
		},
		async assert(context, cost) {
			const { allowed, retryAfterMs } = await this.consume(context, cost);
			if (!allowed) throw refusal(options.name, options, retryAfterMs);
		},
		async reset(context) {
			const [limiter, key] = of(context);
			await limiter.reset(key);
		},
		async ban(context, ms) {
			const [limiter, key] = of(context);
			await limiter.ban(key, ms);
		},
		async unban(context) {
			const [limiter, key] = of(context);
			await limiter.unban(key);
		}
	};
}

/** The limiters of one server, by name: what they remember of refusals is shared by all calls. */
class Limiters implements Feature {
	readonly #parts: ServerParts;
	readonly #limiters = new Map<string, RateLimiter>();

	constructor(parts: ServerParts) {
		this.#parts = parts;
	}

	get(name: string, { points, window, blockMs = 0 }: RateLimitOptions): RateLimiter {
		const id = `${name} ${points} ${window} ${blockMs}`;
		let limiter = this.#limiters.get(id);
		if (!limiter) {
			const { backplane, clock } = this.#parts;
			limiter = new RateLimiter(name, { points, windowMs: window, blockMs }, { store: backplane.store, clock });
			this.#limiters.set(id, limiter);
		}
		return limiter;
	}

	async stop(): Promise<void> {
		this.#limiters.clear();
	}
}

const makeLimiters = (parts: ServerParts): Limiters => new Limiters(parts);

const limiterFor = (context: LiveContext, options: RateLimitOptions): RateLimiter =>
	partsOf(context)
		.features.get(makeLimiters)
		.get(options.name ?? context.path, options);

function keyOf(context: LiveContext, { by = 'user' }: RateLimitOptions): string {
	return typeof by === 'function' ? JSON.stringify(by(context)) : countedAs(context, by);
}

function refusal(what: string, { points, window }: RateLimitOptions, retryAfterMs: number): LiveError {
	const message = `"${what}" may be used ${points} times in ${window} ms`;
	return new LiveError('RATE_LIMITED', message, { retryAfterMs });
}
