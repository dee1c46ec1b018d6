// Short times, so that what takes an application half a minute takes a history half a second.

import type { Limits } from '../../src/protocol/limits.ts';

export const SERVER_LIMITS: Partial<Limits> = {
	heartbeatMs: 500,
	helloTimeoutMs: 2_000,
	callTimeoutMs: 3_000,
	connectionsPerUser: 100
};

/** Of the clients. */
export const CLIENT_TIMES = {
	backoff: { firstMs: 100, capMs: 500 },
	connectTimeoutMs: 2_000,
	pingTimeoutMs: 500,
	lingerMs: 100,
	answerMarginMs: 500
};

/** How long access may go on after it was taken: what is promised. */
export const REVOKED_WITHIN_MS = 1_000;
/** Within which all survivors have noticed a killed process: what is promised. */
export const MISSED_WITHIN_MS = 10_000;
