// `live.upload` and `live.binary`: functions that the browser gives a file, as it comes or as a whole.

import { assertOptions, checkPositive, defined } from '../../base/options.ts';
import { LiveError } from '../../base/errors.ts';
import type { MaybePromise } from '../../base/maybe-promise.ts';
import type { LiveBinary, LiveUpload } from '../../base/bytes-surface.ts';
import type { LiveContext } from '../../server/context.ts';
import type { Conversation, OngoingCall } from '../../server/conversation.ts';
import { defineCall, takeSchemas, type Inputs, type Outputs, type Schemas } from '../../server/define-call.ts';
import { partsOf } from '../../server/features.ts';
import type { UploadedFile } from './file.ts';
import { makeUploads, type UploadEntry } from './uploads.ts';

export interface BinaryOptions {
	/** The most bytes that it takes. @default the limit `uploadBytes`, 10485760 */
	maxSize?: number;
	/** How long nothing may come, and how long the handler may go on when all has come, in milliseconds. @default `callTimeoutMs` */
	idleMs?: number;
}

export interface UploadOptions extends BinaryOptions {
	/** What it takes, by what the client says of the file: `image/png`, `image/*`. @default everything */
	types?: readonly string[];
	/** How long the handler waits for a client that lost its connection, in milliseconds. @default 30000 */
	graceMs?: number;
	/**
	 * Whether the handler may run again for a file from its beginning, where the client comes back to a process that does not know
	 * the upload. Without it the upload rejects with CONNECTION_LOST then. @default false
	 */
	restartable?: boolean;
}

const DEFAULTS = { graceMs: 30_000, restartable: false, types: null, maxSize: null, idleMs: undefined };

interface Settings {
	readonly maxSize: number | null;
	readonly types: readonly string[] | null;
	readonly graceMs: number;
	readonly idleMs: number | undefined;
	readonly restartable: boolean;
}

type Take<First, Args extends unknown[], Result> = (
	context: LiveContext,
	first: First,
	...args: Args
) => MaybePromise<Result>;

type AnyTake<First> = Take<First, unknown[], unknown>;

/**
 * A function that takes a file as it comes: `file.stream()` gives its bytes, and the client sends as fast as they are taken. With
 * schemas for the arguments behind the file. The upload outlasts a lost connection.
 */
export function upload<Args extends unknown[], Result>(
	handler: Take<UploadedFile, Args, Result>,
	options?: UploadOptions
): LiveUpload<Args, Awaited<Result>>;
export function upload<const All extends Schemas, Result>(
	schemas: All,
	handler: Take<UploadedFile, Outputs<All>, Result>,
	options?: UploadOptions
): LiveUpload<Inputs<All>, Awaited<Result>>;
export function upload(...given: unknown[]): unknown {
	const { schemas, handler, options } = takeSchemas('live.upload', given);
	const settings = settingsOf('live.upload', options as UploadOptions | undefined);
	const take = handler as AnyTake<UploadedFile>;
	const converse = (call: OngoingCall): Conversation => takeUpload(call, take, settings);
	return defineCall({ schemas, once: null, converse, idleMs: settings.idleMs });
}

/**
 * A function that takes bytes, as a whole. With schemas for the arguments behind them.
 */
export function binary<Args extends unknown[], Result>(
	handler: Take<Uint8Array, Args, Result>,
	options?: BinaryOptions
): LiveBinary<Args, Awaited<Result>>;
export function binary<const All extends Schemas, Result>(
	schemas: All,
	handler: Take<Uint8Array, Outputs<All>, Result>,
	options?: BinaryOptions
): LiveBinary<Inputs<All>, Awaited<Result>>;
export function binary(...given: unknown[]): unknown {
	const { schemas, handler, options } = takeSchemas('live.binary', given);
	const settings = settingsOf('live.binary', options as BinaryOptions | undefined);
	const take = handler as AnyTake<Uint8Array>;
	const takeFile: AnyTake<UploadedFile> = async (context, file, ...args) =>
		take(context, await file.bytes(), ...args);
	const converse = (call: OngoingCall): Conversation => {
		const { bytes } = call.request;
		if (bytes === undefined) return takeUpload(call, takeFile, settings);
		return {
			handler(context, ...args) {
				assertSize(call, bytes.length, settings);
				return take(context, new Uint8Array(bytes), ...args);
			}
		};
	};
	return defineCall({ schemas, once: null, converse, idleMs: settings.idleMs });
}

function settingsOf(what: string, options: UploadOptions | undefined): Settings {
	const given = defined(options ?? {});
	assertOptions(given, DEFAULTS, what);
	const { maxSize = 1, idleMs = 1 } = given;
	checkPositive({ maxSize, idleMs }, ['maxSize', 'idleMs']);
	return { ...DEFAULTS, ...given };
}

function takeUpload(call: OngoingCall, handler: AnyTake<UploadedFile>, settings: Settings): Conversation {
	const { file: facts, path } = call.request;
	if (facts === undefined) throw new LiveError('BAD_REQUEST', `"${path}" takes a file or bytes, and none came`);
	const uploads = partsOf(call.context).features.get(makeUploads);
	let entry: UploadEntry | null = null;
	let over: LiveError | null = null;
	return {
		outlives: true,
		get owedBytes() {
			return entry?.upload.call === call ? entry.upload.owedBytes : 0;
		},
		handler(context, ...args) {
			if (over) throw over;
			const take = (file: UploadedFile): unknown => handler(context, file, ...args);
			const check = (): void => assertWelcome(call, settings);
			const opened = uploads.open({ call, facts, check, take, ...settings });
			entry = opened.entry;
			return opened.answer;
		},
		hear(message) {
			if (message.kind === 'more' || entry?.upload.call !== call)
				throw new LiveError(
					'PROTOCOL_ERROR',
					`"${message.kind}" came for the upload ${message.id}, which did not ask for it`
				);
			entry.upload.receive(message);
		},
		ended(reason) {
			over = reason;
			if (entry) uploads.ended(entry, call, reason);
		},
		lost(reason) {
			over = reason;
			if (entry) uploads.lost(entry, call, reason);
			else call.context.abort(reason);
		}
	};
}

function assertWelcome(call: OngoingCall, settings: Settings): void {
	const { file, path } = call.request;
	if (file === undefined) return;
	assertSize(call, file.size, settings);
	const { types } = settings;
	if (types === null || types.some((type) => matches(file.type, type))) return;
	throw new LiveError('VALIDATION', `"${path}" takes ${types.join(', ')}, not "${file.type}"`, {
		issues: [{ message: `must be ${types.join(', ')}`, path: ['type'] }]
	});
}

function assertSize({ request, limits }: OngoingCall, size: number, { maxSize }: Settings): void {
	const most = maxSize ?? limits.uploadBytes;
	if (size <= most) return;
	const limit = maxSize === null ? '"uploadBytes"' : `"maxSize" of "${request.path}"`;
	throw new LiveError('TOO_LARGE', `${size} bytes; the limit ${limit} is ${most}`);
}

/** Media types compare without case; parameters do not count. */
function matches(type: string, pattern: string): boolean {
	const bare = (type.split(';')[0] ?? '').trim().toLowerCase();
	const wanted = pattern.toLowerCase();
	return wanted.endsWith('/*') ? bare.startsWith(wanted.slice(0, -1)) : bare === wanted;
}
