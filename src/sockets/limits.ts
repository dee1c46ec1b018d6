// Every limit of raw sockets, with its default. What goes beyond one is refused with an error that names it.

/** Of the sockets of one endpoint. */
export interface SocketLimits {
	/**
	 * Sockets that are open at the same time, in this process. More are closed with 4429. @default 10000
	 */
	maxSockets: number;
	/** Bytes of a message that a peer sends. One that sends more is closed with 1009. @default 65536 */
	messageBytes: number;
	/** Bytes that wait because the peer does not read. Beyond, it is closed with 4508. @default 1048576 */
	queueBytes: number;
}

/** Of the one-time addresses of one controller. */
export interface KeyLimits {
	/** How long an address waits for its use, in milliseconds. @default 120000 */
	keyTtlMs: number;
	/** Addresses that wait at the same time, per session. More are refused with TOO_MANY. @default 32 */
	keysPerSession: number;
	/** Addresses that wait at the same time, of all sessions together. More are refused with TOO_MANY. @default 10000 */
	maxKeys: number;
}

export const SOCKET_LIMITS = {
	maxSockets: 10_000,
	messageBytes: 64 * 1024,
	queueBytes: 1024 * 1024
} satisfies SocketLimits;

export const KEY_LIMITS = { keyTtlMs: 120_000, keysPerSession: 32, maxKeys: 10_000 } satisfies KeyLimits;

/** Up to here `send` resolves at once: what waits above it makes whoever awaits wait too. */
export const HIGH_WATER_BYTES = 64 * 1024;

/** What was given, and the default where a field is absent or undefined. */
export function limitsOf<Name extends string>(
	given: { readonly [Each in NoInfer<Name>]?: number | undefined },
	defaults: Readonly<Record<Name, number>>
): Record<Name, number> {
	const limits: Record<Name, number> = { ...defaults };
	for (const name of Object.keys(defaults) as Name[]) {
		const value: number | undefined = given[name];
		if (value === undefined) continue;
		if (!(value > 0)) throw new TypeError(`tidewire: "${name}" must be above 0`);
		limits[name] = value;
	}
	return limits;
}
