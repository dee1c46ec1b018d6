// What runs by itself on the server: what a definition says of it, and what it is given to run on.

import type { Clock } from '../base/clock.ts';
import type { Backplane } from './backplane.ts';
import type { ErrorHook } from './failure.ts';
import type { Hub } from './hub.ts';
import type { LiveProcess } from './processes/process.ts';
import type { Publisher } from './publisher.ts';

/** The part of the server that services stand on. */
export interface ServiceHost {
	readonly clock: Clock;
	readonly hub: Hub;
	readonly backplane: Backplane;
	readonly process: LiveProcess;
	readonly publisher: Publisher;
	readonly onError: ErrorHook;
}

/** What runs by itself on the server, as long as its module is registered. The browser gets nothing of it. */
export interface ServiceDefinition {
	readonly kind: 'service';
	/** Whether it begins things by itself, as a schedule does: then it ends before the server waits for what runs. */
	readonly begins: boolean;
	/** @param path what `homeOf` gives */
	start(path: string, host: ServiceHost): Service;
	/** The path that it runs under, where several exports may show what it does. @default that of the export */
	home?(path: string): string;
}

/** The path that the service of an export runs under. */
export function homeOf(service: ServiceDefinition, path: string): string {
	return service.home?.(path) ?? path;
}

export interface Service {
	/** Resolves when what is published from now on does not escape it. */
	readonly ready?: PromiseLike<unknown>;
	/**
	 * Ends it. What runs may finish until `hurry` aborts. Resolves when nothing of it runs any more, with whether all of it
	 * could finish. A rejection is reported.
	 */
	stop(hurry: AbortSignal): Promise<boolean>;
	/** Somebody reads the stream of this definition with these arguments on this process, who were nobody before. */
	opened?(args: readonly unknown[]): void;
	/** Nobody does any more. */
	closed?(args: readonly unknown[]): void;
}
