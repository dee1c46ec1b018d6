// Every limit of the protocol, with its default. The server tells its own in `welcome`; going over one gives a typed
// refusal that names it, never a silent close or drop.

export interface Limits {
	/** Largest text frame a client may send, in UTF-8 bytes. @default 65536 */
	messageBytes: number;
	/** How deep a value may nest. @default 64 */
	depth: number;
	/** Arguments of one call or subscription. @default 32 */
	args: number;
	/** Calls that run at the same time on one connection. @default 64 */
	callsInFlight: number;
	/** Calls of one connection that wait for one of those places. @default 256 */
	callsQueued: number;
	/** Streams that one connection may hold. @default 256 */
	streams: number;
	/** Calls in one batch. @default 50 */
	batchCalls: number;
	/** Uploads of one connection at the same time; and those of one user that wait for their client to come back. @default 8 */
	uploads: number;
	/** The largest upload or binary call of a function that says nothing else, in bytes. @default 10485760 */
	uploadBytes: number;
	/** Bytes of one upload that may wait in the process for its handler. @default 262144 */
	uploadWindowBytes: number;
	/** Connections of one user on one process. @default 20 */
	connectionsPerUser: number;
	/** Bytes of output that one connection may queue before its streams are marked stale. @default 1048576 */
	queueBytes: number;
	/** Rows that one view of a stream holds, shown or not. @default 10000 */
	viewRows: number;
	/** How long a connection may take to say hello, in milliseconds. @default 10000 */
	helloTimeoutMs: number;
	/** How long a call may run, in milliseconds. @default 30000 */
	callTimeoutMs: number;
	/** How often the server sends a heartbeat, in milliseconds. A silence of twice that ends the connection. @default 15000 */
	heartbeatMs: number;
}

export const DEFAULT_LIMITS: Readonly<Limits> = {
	messageBytes: 64 * 1024,
	depth: 64,
	args: 32,
	callsInFlight: 64,
	callsQueued: 256,
	streams: 256,
	batchCalls: 50,
	uploads: 8,
	uploadBytes: 10 * 1024 * 1024,
	uploadWindowBytes: 256 * 1024,
	connectionsPerUser: 20,
	queueBytes: 1024 * 1024,
	viewRows: 10_000,
	helloTimeoutMs: 10_000,
	callTimeoutMs: 30_000,
	heartbeatMs: 15_000
};

/** Limits that no option changes: they bound what the decoder looks at before it knows the server's options. */
export const FIXED_LIMITS = {
	/** Characters of a function's path. */
	pathLength: 256,
	/** Characters of an event's name. */
	eventLength: 64,
	/** Characters of an epoch. */
	epochLength: 64,
	/** Values in one rich payload, shared ones counted as often as they are used. */
	richNodes: 100_000,
	/** Digits of a bigint. */
	bigintDigits: 1_000,
	/** Characters of the key of a call. */
	callKeyLength: 128,
	/** Characters of the name of a file, and of its type. */
	fileLabelLength: 256,
	/** Characters of an encoded topic. */
	topicLength: 512
} as const;

/** Keys that input may not have: copied carelessly, they change what an object inherits. */
export const FORBIDDEN_KEYS: ReadonlySet<string> = new Set(['__proto__', 'constructor', 'prototype']);
