// The versions of the protocol. A client says the one it speaks; a server answers in that one or refuses with
// UPGRADE_REQUIRED.

import { LiveError } from '../base/errors.ts';

/** What this build speaks. */
export const PROTOCOL_VERSION = 1;

/** The oldest version that a server of this build still answers. */
export const OLDEST_VERSION = 1;

/** @throws {LiveError} UPGRADE_REQUIRED for a version that a server of this build does not answer */
export function assertVersion(version: number): void {
	if (version >= OLDEST_VERSION && version <= PROTOCOL_VERSION) return;
	const range = [...new Set([OLDEST_VERSION, PROTOCOL_VERSION])].join(' to ');
	throw new LiveError('UPGRADE_REQUIRED', `the client speaks version ${version}; this server speaks ${range}`);
}
