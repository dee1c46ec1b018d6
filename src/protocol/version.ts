// The versions of the protocol. A client says the one it speaks; a server answers in that one or refuses with
// UPGRADE_REQUIRED.

/** What this build speaks. */
export const PROTOCOL_VERSION = 1;

/** The oldest version that a server of this build still answers. */
export const OLDEST_VERSION = 1;
