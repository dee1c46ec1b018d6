// The one error class that crosses the wire, and the table of codes that tidewire itself uses. An application may use
// any code of its own in UPPER_SNAKE_CASE.

interface CodeFacts {
	/** Whether the same request may succeed later without being changed. */
	retryable: boolean;
	/** The WebSocket close code, where the refusal ends the connection; absent where it never does. */
	closeCode?: number;
}

/** Every code of tidewire. PROTOCOL.md prints this table, and a test compares the two. */
export const ERROR_CODES = {
	BAD_REQUEST: { retryable: false },
	VALIDATION: { retryable: false },
	UNAUTHORIZED: { retryable: false, closeCode: 4401 },
	FORBIDDEN: { retryable: false, closeCode: 4403 },
	NOT_FOUND: { retryable: false },
	CONFLICT: { retryable: false },
	RATE_LIMITED: { retryable: true },
	OVERLOADED: { retryable: true },
	TOO_LARGE: { retryable: false, closeCode: 4413 },
	TOO_MANY: { retryable: true, closeCode: 4429 },
	TIMEOUT: { retryable: true },
	CANCELLED: { retryable: false },
	INTERNAL: { retryable: false, closeCode: 4500 },
	UNAVAILABLE: { retryable: true, closeCode: 4503 },
	PROTOCOL_ERROR: { retryable: false, closeCode: 4400 },
	HELLO_TIMEOUT: { retryable: true, closeCode: 4408 },
	HEARTBEAT_TIMEOUT: { retryable: true, closeCode: 4409 },
	SESSION_EXPIRED: { retryable: true, closeCode: 4410 },
	UPGRADE_REQUIRED: { retryable: false, closeCode: 4426 },
	SLOW_CONSUMER: { retryable: true, closeCode: 4508 },
	GOING_AWAY: { retryable: true, closeCode: 1001 },
	CONNECTION_LOST: { retryable: true },
	CLOSED: { retryable: false }
} as const satisfies Record<string, CodeFacts>;

export type TidewireCode = keyof typeof ERROR_CODES;

/** The retryable ones of the table once more, so that a browser need not load the table. A test compares the two. */
const RETRYABLE: ReadonlySet<string> = new Set<TidewireCode>([
	'RATE_LIMITED',
	'OVERLOADED',
	'TOO_MANY',
	'TIMEOUT',
	'UNAVAILABLE',
	'HELLO_TIMEOUT',
	'HEARTBEAT_TIMEOUT',
	'SESSION_EXPIRED',
	'SLOW_CONSUMER',
	'GOING_AWAY',
	'CONNECTION_LOST'
]);

// `string & {}` keeps the known codes in completion lists while any code of the application is allowed.
export type ErrorCode = TidewireCode | (string & {});

/** One thing wrong with one part of the input, as Standard Schema reports it. */
export interface Issue {
	message: string;
	/** Where in the input, from the outside in; empty for the input as a whole. */
	path: (string | number)[];
}

export interface ErrorDetails {
	/** With `VALIDATION`: what is wrong, and where. */
	issues?: Issue[];
	/** How long to wait before the next attempt, in milliseconds. */
	retryAfterMs?: number;
	/** Anything plain that the client may want to know. It is sent as it is. */
	data?: unknown;
}

/**
 * An error meant for the other side: its code, message and details reach the client as they are. Every other error that
 * a handler throws reaches the client as `INTERNAL` with no detail.
 */
export class LiveError extends Error {
	override readonly name = 'LiveError';
	readonly code: ErrorCode;
	readonly details: ErrorDetails;

	constructor(code: ErrorCode, message: string = code, options: ErrorDetails & { cause?: unknown } = {}) {
		const { cause, ...details } = options;
		super(message, cause === undefined ? undefined : { cause });
		this.code = code;
		this.details = details;
	}

	/** With `VALIDATION`: what is wrong, and where; absent otherwise. */
	get issues(): Issue[] | undefined {
		return this.details.issues;
	}

	/** How long to wait before the next attempt, in milliseconds; absent where the server gave none. */
	get retryAfterMs(): number | undefined {
		return this.details.retryAfterMs;
	}

	/** Whether the same request may succeed later without being changed. False for codes of the application. */
	get retryable(): boolean {
		return RETRYABLE.has(this.code);
	}
}

/** The close code of a refusal that ends the connection. */
export function closeCodeOf(code: ErrorCode): number {
	const facts: CodeFacts | undefined = Object.hasOwn(ERROR_CODES, code)
		? ERROR_CODES[code as TidewireCode]
		: undefined;
	return facts?.closeCode ?? 4500;
}

/** Recognises a LiveError also when two copies of this module are loaded, as `vite dev` does. */
export function isLiveError(value: unknown): value is LiveError {
	return value instanceof LiveError || (value instanceof Error && value.name === 'LiveError' && 'code' in value);
}
