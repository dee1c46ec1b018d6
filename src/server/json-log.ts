// Problems as lines of JSON, for whatever collects logs. Only what is named here is written: no arguments, no sessions, no
// properties that an error carries. What looks like a secret in a message is left out.

import { systemClock, type Clock } from '../base/clock.ts';
import { isLiveError } from '../base/errors.ts';
import type { ErrorHook } from './failure.ts';
import { runtime } from './runtime.ts';

/** One problem. */
export interface LogLine {
	/** ISO 8601, UTC. */
	time: string;
	/** warn: it may succeed when it is tried again · error: somebody has to look */
	level: 'warn' | 'error';
	/** Of a LiveError, else INTERNAL: what the client was told. */
	code: string;
	/** The function that failed; null outside of calls and streams. */
	path: string | null;
	/** As `ctx.connection.id`; null outside of calls and streams. */
	connection: string | null;
	/** As on the operator page; null before the server has started. */
	process: string | null;
	message: string;
	/** With those of its causes; null where something else than an error was thrown. */
	stack: string | null;
}

export interface JsonLogOptions {
	/** Takes one line, without its end. @default console.error */
	write?: (line: string) => void;
	/** @default the runtime's clock */
	clock?: Pick<Clock, 'wallTime'>;
}

/** For `defineLive({ onError: jsonLog() })`. */
export function jsonLog({ write = print, clock = systemClock }: JsonLogOptions = {}): ErrorHook {
	return (path, error, context) => {
		const line: LogLine = {
			time: new Date(clock.wallTime()).toISOString(),
			level: isLiveError(error) && error.retryable ? 'warn' : 'error',
			code: isLiveError(error) ? error.code : 'INTERNAL',
			path: path === '' ? null : path,
			connection: context?.connection.id ?? null,
			process: runtime().server?.processId ?? null,
			message: withoutSecrets(
				error instanceof Error ? error.message : `something of type ${typeof error} was thrown`
			),
			stack: error instanceof Error ? withoutSecrets(stackOf(error)) : null
		};
		write(JSON.stringify(line));
	};
}

/** More causes than this are a circle. */
const MAX_CAUSES = 5;

function stackOf(error: Error, depth = 0): string {
	const own = error.stack ?? `${error.name}: ${error.message}`;
	const { cause } = error;
	return cause instanceof Error && depth < MAX_CAUSES ? `${own}\ncaused by ${stackOf(cause, depth + 1)}` : own;
}

/** Passwords in addresses, what follows `Bearer`, tokens of three parts, and values of what is named like a secret. */
const SECRETS: readonly [RegExp, string][] = [
	[/(\w+:\/\/)[^\s/@]*@/g, '$1***@'],
	[/\b(Bearer|Basic)\s+[\w.~+/=-]+/gi, '$1 ***'],
	[/\beyJ[\w-]+\.[\w-]+\.[\w-]*/g, '***'],
	[/\b(set-cookie|cookie|authorization)\b(["']?\s*[:=]\s*)[^\n]*/gi, '$1$2***'],
	[/((?:password|passwd|secret|token|api[_-]?key)["']?\s*[:=]\s*)("[^"]*"|'[^']*'|[^\s,;&]+)/gi, '$1***']
];

function withoutSecrets(text: string): string {
	return SECRETS.reduce((cleaned, [pattern, replacement]) => cleaned.replaceAll(pattern, replacement), text);
}

function print(line: string): void {
	// oxlint-disable-next-line no-console -- the place where logs leave
	console.error(line);
}
