// How it is said that NATS did not do what it was asked.

import { LiveError } from '../../base/errors.ts';

const BEGINNING = 'NATS is unavailable: ';

export const unavailable = (reason: string): LiveError => new LiveError('UNAVAILABLE', BEGINNING + reason);

/** What was said, without what every such error begins with. */
export const reasonOf = (error: unknown): string =>
	(error instanceof Error ? error.message : String(error)).replace(BEGINNING, '');
