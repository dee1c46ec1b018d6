// What calls need from the connection that they came over.

import type { Clock } from '../base/clock.ts';
import type { LiveError } from '../base/errors.ts';
import type { MaybePromise } from '../base/maybe-promise.ts';
import type { Limits } from '../protocol/limits.ts';
import type { Middleware } from './definition.ts';
import type { Overload } from './overload.ts';
import type { Once } from './processes/once.ts';
import type { Registered } from './registry.ts';
import type { HostedContext } from './stream-host.ts';

export interface CallHost {
	readonly clock: Clock;
	readonly limits: Limits;
	/** Runs what has a key. */
	readonly once: Once;
	readonly middleware: readonly Middleware[];
	/** Whether this process can keep up. */
	readonly overload: Overload;
	/** Whether the client takes its answers; until it does, no waiting call is started. */
	readonly hasRoom: boolean;
	find(path: string): Registered | undefined;
	contextFor(path: string): HostedContext;
	send(text: string): void;
	sendBytes(frame: Uint8Array): void;
	/** Returns when the client has taken most of what it was sent. */
	room(): MaybePromise<void>;
	clientError(error: unknown, context: HostedContext): LiveError;
	/** A call ended and none is left. */
	callsDone(): void;
	/** An error that no client is told of. */
	report(path: string, error: unknown, context: HostedContext): void;
	/** A handler runs until this settles, also where its caller has gone. */
	handling(outcome: PromiseLike<unknown>): void;
}
