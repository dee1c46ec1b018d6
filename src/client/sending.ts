// One file on its way to the server. Invariant: what is sent is what the server asked for on the connection that it asked on,
// without a hole; and a file that the server may have begun to take is never begun anew by the client.

import type { Timer } from '../base/clock.ts';
import type { LiveError } from '../base/errors.ts';
import { randomName } from '../base/random.ts';
import { binaryCallHeader, encodeBinaryCall, encodeChunk, fitsFrame } from '../protocol/binary.ts';
import { encodeCancel } from '../protocol/call.ts';
import { encodeUpload, type Wanted } from '../protocol/upload.ts';
import type { ValueText } from '../protocol/value.ts';
import type { ExtensionHost } from './extension.ts';
import { failure } from './failure.ts';
import { callAll } from './updates.ts';
import { awaitConnection, patienceMs } from './waiting.ts';

export interface SendingRequest {
	readonly path: string;
	readonly file: Blob;
	/** Encoded when the upload began: what they were then. */
	readonly args: ValueText;
	/** Whether it may go as one frame where it is small. */
	readonly isCall: boolean;
}

/**
 * - `waiting`: for a connection
 * - `resting`: until the time at which the server has told it to come back
 * - `opening`: for the first time; until it is sent, the server does not know of it
 * - `resuming`: the server knows of it, and was told on this connection that it goes on
 * - `asked`: the server has said on this connection which bytes it wants
 * - `whole`: it went as one frame, and there is nothing to go on with
 * - `ended`
 */
type Phase = 'waiting' | 'resting' | 'opening' | 'resuming' | 'asked' | 'whole' | 'ended';

/** No part of a file is larger, so that other messages come between them. */
const PART_BYTES = 64 * 1024;
/** More than the header of a part takes. */
const HEADER_BYTES = 64;

export class Sending {
	/** What the function returned. */
	readonly answer: Promise<unknown>;
	readonly #host: ExtensionHost;
	readonly #request: SendingRequest;
	readonly #onEnd: () => void;
	readonly #key = randomName();
	readonly #listeners = new Set<() => void>();
	readonly #publish = (): void => callAll(this.#listeners);
	#resolve: (value: unknown) => void = () => {};
	#reject: (error: LiveError) => void = () => {};
	#phase: Phase = 'waiting';
	/** Of its call on this connection; null while it waits or rests, and in the end. */
	#id: number | null = null;
	/** Whether the server may know of it. */
	#began = false;
	#isReading = false;
	#sent = 0;
	#received = 0;
	/** How far the server takes it. */
	#until = 0;
	/** How long it waits for a connection, and to be taken again. */
	#patientUntilMs = 0;
	#timer: Timer;

	constructor(host: ExtensionHost, request: SendingRequest, onEnd: () => void) {
		this.#host = host;
		this.#request = request;
		this.#onEnd = onEnd;
		this.answer = new Promise((resolve, reject) => {
			this.#resolve = resolve;
			this.#reject = reject;
		});
		this.#waitForConnection();
	}

	get size(): number {
		return this.#request.file.size;
	}

	get sentBytes(): number {
		return this.#sent;
	}

	get receivedBytes(): number {
		return this.#received;
	}

	get ended(): boolean {
		return this.#phase === 'ended';
	}

	onProgress(listener: () => void): () => void {
		const entry = (): void => listener();
		this.#listeners.add(entry);
		return () => void this.#listeners.delete(entry);
	}

	/** The connection is open. */
	begin(): void {
		if (this.#phase === 'resting') return;
		const { link, answers, updates } = this.#host;
		updates.forget(this.#timer);
		const id = link.nextId();
		this.#id = id;
		this.#phase = this.#began ? 'resuming' : 'opening';
		answers.set(id, {
			resolve: (value) => {
				this.#received = this.size;
				this.#end(() => this.#resolve(value));
			},
			reject: (error) => this.#failed(error)
		});
		const { path, args, isCall, file } = this.#request;
		const header = binaryCallHeader(id, path, args);
		if (isCall && !this.#began && fitsFrame(header, file.size, link.limits.messageBytes))
			void this.#sendFrame(id, header);
		else this.#open(id);
	}

	#open(id: number): void {
		const { path, args, file } = this.#request;
		const { name = '' } = file as { name?: string };
		const facts = {
			key: this.#key,
			size: file.size,
			name: label(name),
			type: label(file.type),
			again: this.#began
		};
		try {
			this.#host.link.send(encodeUpload({ id, path, file: facts, args }));
			this.#began = true;
		} catch (error) {
			this.fail(error as LiveError);
		}
	}

	async #sendFrame(id: number, header: string): Promise<void> {
		const bytes = await this.#read(0, this.size);
		if (this.#id !== id || bytes === null) return;
		this.#began = true;
		this.#phase = 'whole';
		this.#host.link.sendBytes(encodeBinaryCall(header, bytes));
		this.#sent = this.size;
		this.#host.updates.afterwards(this.#publish);
	}

	/** The server asks for a part of a file, of this one or of another. */
	wanted({ id, from, until }: Wanted): void {
		if (id !== this.#id) return;
		if (this.#phase !== 'asked') this.#sent = from;
		this.#phase = 'asked';
		this.#received = from;
		this.#until = until;
		this.#host.updates.afterwards(this.#publish);
		void this.#sendParts();
	}

	async #sendParts(): Promise<void> {
		if (this.#isReading) return;
		this.#isReading = true;
		// Looked at in the turn in which the loop ends: nothing that is asked for meanwhile is missed.
		while (this.#id !== null && this.#sent < this.#until) await this.#sendPart(this.#id);
		this.#isReading = false;
	}

	async #sendPart(id: number): Promise<void> {
		const { link, updates } = this.#host;
		const offset = this.#sent;
		const most = Math.max(1, Math.min(PART_BYTES, link.limits.messageBytes) - HEADER_BYTES);
		const bytes = await this.#read(offset, Math.min(offset + most, this.#until));
		if (bytes === null || this.#id !== id) return; // another connection begins where it is asked to
		link.sendBytes(encodeChunk({ id, offset, bytes }));
		this.#sent += bytes.length;
		updates.afterwards(this.#publish);
	}

	/** Null where it cannot be read: a file may be removed from the disk, or changed. */
	async #read(from: number, to: number): Promise<Uint8Array | null> {
		try {
			return new Uint8Array(await this.#request.file.slice(from, to).arrayBuffer());
		} catch (cause) {
			this.#giveUp(failure('BAD_REQUEST', 'the file cannot be read', cause));
			return null;
		}
	}

	/** The connection is lost, or an attempt to connect failed. */
	lost(error: LiveError, final: boolean): void {
		if (this.#phase === 'whole' || (final && this.#began)) this.fail(this.#mayHaveRun(error));
		else if (final) this.fail(error);
		else if (this.#id !== null) {
			this.#leave('waiting');
			this.#sent = this.#received;
			this.#waitForConnection();
			this.#host.updates.afterwards(this.#publish);
		}
	}

	/** One that goes on is patient: what the function itself answers comes after the server has asked for the file. */
	#failed(error: LiveError): void {
		const { settings, link, updates } = this.#host;
		const { retryAfterMs = 0 } = error;
		if (this.#phase !== 'resuming' || retryAfterMs === 0) return this.fail(error);
		if (settings.clock.now() + retryAfterMs > this.#patientUntilMs) return this.fail(this.#mayHaveRun(error));
		this.#leave('resting');
		this.#timer = updates.after(retryAfterMs, this.#timer, () => {
			this.#phase = 'waiting';
			if (link.open) this.begin();
			else this.#waitForConnection();
		});
	}

	abort(): void {
		this.#giveUp(failure('CANCELLED', `${this.#request.path} was cancelled`));
	}

	fail(error: LiveError): void {
		this.#end(() => this.#reject(error));
	}

	#giveUp(error: LiveError): void {
		const { link, updates } = this.#host;
		updates.run(() => {
			if (this.#id !== null && this.#began && link.open) link.send(encodeCancel(this.#id));
			this.fail(error);
		});
	}

	#end(settle: () => void): void {
		if (this.ended) return;
		this.#leave('ended');
		this.#host.updates.forget(this.#timer);
		this.#onEnd();
		settle();
		this.#host.updates.afterwards(this.#publish);
	}

	/** Whatever is said of its call on this connection counts no more. */
	#leave(phase: 'waiting' | 'resting' | 'ended'): void {
		if (this.#id !== null) this.#host.answers.delete(this.#id);
		this.#phase = phase;
		this.#id = null;
		this.#until = 0;
	}

	#mayHaveRun(cause: LiveError): LiveError {
		return failure('CONNECTION_LOST', `${this.#request.path} has no answer and may have run`, cause);
	}

	#waitForConnection(): void {
		this.#patientUntilMs = this.#host.settings.clock.now() + patienceMs(this.#host);
		this.#timer = awaitConnection(this.#host, this.#timer, (late) =>
			this.fail(this.#began ? this.#mayHaveRun(late) : late)
		);
	}
}

/** A name or a type that the server takes. */
function label(text: string): string {
	return text.slice(0, 256);
}
