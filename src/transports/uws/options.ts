// What `attach` takes, and the defaults.

import { UPGRADE_DEFAULTS, withDefaults, type UpgradeOptions } from '../shared/options.ts';

export interface AttachOptions<Session> extends UpgradeOptions<Request, Session> {
	/** Whether the app is an `SSLApp`, which it does not tell. @default false */
	isEncrypted?: boolean;
	/**
	 * After how many seconds without a sign of life a connection is ended, one that is closing too; 8 to 960.
	 * @default 120
	 */
	idleTimeoutSeconds?: number;
}

const ATTACH_DEFAULTS = { ...UPGRADE_DEFAULTS, isEncrypted: false, idleTimeoutSeconds: 120 };

export type ResolvedOptions<Session> = Required<AttachOptions<Session>>;

export function resolveOptions<Session>(options: AttachOptions<Session>): ResolvedOptions<Session> {
	return withDefaults(options, ATTACH_DEFAULTS);
}
