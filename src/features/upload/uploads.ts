// The uploads of one server. One whose client is away goes on for a while, and so does the answer of one that has ended, in case
// that was lost. Bounded: so many of a connection, and so many of a user whose client is away.

import type { Timer } from '../../base/clock.ts';
import { LiveError } from '../../base/errors.ts';
import type { FileFacts } from '../../protocol/call.ts';
import type { OngoingCall } from '../../server/conversation.ts';
import type { Feature } from '../../server/features.ts';
import { idOfUser } from '../../server/identity.ts';
import { callKey } from '../../server/keyed-call.ts';
import type { ServerParts } from '../../server/server-parts.ts';
import { Upload, type TakeFile } from './upload.ts';

export interface OpenUpload {
	readonly call: OngoingCall;
	readonly facts: FileFacts;
	/** How long it goes on without its client, in milliseconds. */
	readonly graceMs: number;
	/** Whether its handler may run again for the same file. */
	readonly restartable: boolean;
	/** Refuses what may not begin. */
	check(): void;
	readonly take: TakeFile;
}

interface Entry {
	readonly key: string;
	/** Whose client is away, for the bound. */
	readonly owner: string;
	readonly upload: Upload;
	readonly graceMs: number;
	/** Ends it; null while its client is there. */
	timer: Timer | null;
}

export class Uploads implements Feature {
	readonly #parts: ServerParts;
	readonly #byKey = new Map<string, Entry>();
	/** By connection: how many it brings. */
	readonly #active = new Map<string, number>();
	/** Whose client is away, by owner, oldest first. */
	readonly #away = new Map<string, Set<Entry>>();

	constructor(parts: ServerParts) {
		this.#parts = parts;
	}

	/**
	 * Begins an upload, or goes on with it. Returns the entry, and what answers the call.
	 * @throws {LiveError} where it is refused
	 */
	open(request: OpenUpload): { entry: Entry; answer: Promise<unknown> } {
		const { call, facts } = request;
		const key = callKey(call.context, call.request.path, facts.key);
		const known = this.#byKey.get(key);
		this.#assertRoom(call);
		if (known) return { entry: known, answer: this.#goOn(known, request) };
		if (facts.again && !request.restartable) throw unknownHere(call.request.path);
		request.check();
		this.#count(call, 1);
		const upload = new Upload(call, facts, request.take);
		const entry: Entry = { key, owner: ownerOf(call), upload, graceMs: request.graceMs, timer: null };
		this.#byKey.set(key, entry);
		return { entry, answer: upload.outcome };
	}

	#goOn(entry: Entry, { call, facts }: OpenUpload): Promise<unknown> {
		if (entry.upload.file.size !== facts.size)
			throw new LiveError('CONFLICT', 'another file is uploaded under this key');
		this.#comeBack(entry);
		if (entry.upload.call) this.#count(entry.upload.call, -1); // the server has not noticed that connection's end
		this.#count(call, 1);
		return entry.upload.attach(call);
	}

	/** A call of it was answered. */
	ended(entry: Entry, call: OngoingCall, reason: LiveError | null): void {
		if (!this.#leave(entry, call)) return;
		if (entry.upload.isSettled) return this.#goAway(entry); // the answer may still be lost on its way
		this.#end(entry, reason ?? new LiveError('CANCELLED', 'the upload was answered'));
	}

	/** The connection of a call is gone. */
	lost(entry: Entry, call: OngoingCall, reason: LiveError): void {
		if (!this.#leave(entry, call)) return;
		const mayComeBack = reason.retryable && reason.code !== 'GOING_AWAY' && !this.#parts.draining;
		if (mayComeBack) this.#goAway(entry);
		else this.#end(entry, reason);
	}

	/** Clients do not come back to this server. */
	draining(): void {
		for (const entries of [...this.#away.values()])
			for (const entry of [...entries])
				this.#end(entry, new LiveError('GOING_AWAY', 'the server is shutting down'));
	}

	stop(): Promise<void> {
		const reason = new LiveError('GOING_AWAY', 'the server is shutting down');
		for (const entry of [...this.#byKey.values()]) this.#end(entry, reason);
		return Promise.resolve();
	}

	#assertRoom({ context, limits }: OngoingCall): void {
		if ((this.#active.get(context.connection.id) ?? 0) < limits.uploads) return;
		const message = `the connection has ${limits.uploads} uploads; the limit is "uploads"`;
		throw new LiveError('TOO_MANY', message, { retryAfterMs: 1_000 });
	}

	#count({ context }: OngoingCall, more: number): void {
		const count = (this.#active.get(context.connection.id) ?? 0) + more;
		if (count > 0) this.#active.set(context.connection.id, count);
		else this.#active.delete(context.connection.id);
	}

	/** Returns false where the call does not bring the file any more: another one goes on with it. */
	#leave({ upload }: Entry, call: OngoingCall): boolean {
		if (upload.call !== call) return false;
		upload.detach();
		this.#count(call, -1);
		return true;
	}

	#goAway(entry: Entry): void {
		const entries = this.#away.get(entry.owner) ?? new Set();
		this.#away.set(entry.owner, entries);
		entries.add(entry);
		const { graceMs } = entry;
		entry.timer = this.#parts.clock.setTimer(() => this.#end(entry, notBack(graceMs)), graceMs);
		const [oldest] = entries;
		if (oldest && entries.size > this.#parts.limits.uploads)
			this.#end(oldest, tooManyAway(this.#parts.limits.uploads));
	}

	#comeBack(entry: Entry): void {
		this.#parts.clock.clearTimer(entry.timer);
		entry.timer = null;
		const entries = this.#away.get(entry.owner);
		entries?.delete(entry);
		if (entries?.size === 0) this.#away.delete(entry.owner);
	}

	#end(entry: Entry, reason: LiveError): void {
		this.#comeBack(entry);
		this.#byKey.delete(entry.key);
		if (!entry.upload.isSettled) entry.upload.abort(reason);
	}
}

export type { Entry as UploadEntry };

export const makeUploads = (parts: ServerParts): Uploads => new Uploads(parts);

/** A user; for visitors without an identity the address that they come from. */
function ownerOf({ context }: OngoingCall): string {
	const id = idOfUser(context.user);
	return JSON.stringify([id, id === null ? context.connection.remoteAddress : null]);
}

function unknownHere(path: string): LiveError {
	const message = `"${path}" cannot be gone on with: this process does not know the upload, or gave it up; it may have run`;
	return new LiveError('CONNECTION_LOST', message);
}

function notBack(graceMs: number): LiveError {
	return new LiveError(
		'CONNECTION_LOST',
		`the client did not come back within ${graceMs} ms; the limit is "graceMs"`
	);
}

function tooManyAway(uploads: number): LiveError {
	return new LiveError(
		'CONNECTION_LOST',
		`more than ${uploads} uploads wait for their client; the limit is "uploads"`
	);
}
