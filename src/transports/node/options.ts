// What `attach` takes, and the defaults.

import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { UPGRADE_DEFAULTS, withDefaults, type UpgradeOptions } from '../shared/options.ts';

/** The part of an HTTP server that is used, of `node:http`, `node:https` and `node:http2` alike. */
export interface UpgradableServer {
	on(event: 'upgrade', listener: UpgradeListener): unknown;
	off(event: 'upgrade', listener: UpgradeListener): unknown;
	listenerCount(event: 'upgrade'): number;
}

type UpgradeListener = (request: IncomingMessage, socket: Duplex, head: Buffer) => void;

export interface AttachOptions<Session> extends UpgradeOptions<IncomingMessage, Session> {
	/** How long a peer may take to answer a close, in milliseconds. @default 5000 */
	closeTimeoutMs?: number;
}

const ATTACH_DEFAULTS = { ...UPGRADE_DEFAULTS, closeTimeoutMs: 5_000 };

export type ResolvedOptions<Session> = Required<AttachOptions<Session>>;

export function resolveOptions<Session>(options: AttachOptions<Session>): ResolvedOptions<Session> {
	return withDefaults(options, ATTACH_DEFAULTS);
}
