// One upload: its handler, which runs once, and the connection that brings the file, which may change.

import { isLiveError, LiveError } from '../../base/errors.ts';
import type { Chunk } from '../../protocol/binary.ts';
import type { FileFacts } from '../../protocol/call.ts';
import { encodeWanted } from '../../protocol/upload.ts';
import type { OngoingCall } from '../../server/conversation.ts';
import { IncomingFile, type UploadedFile } from './file.ts';

/** The handler of a function that takes a file, with its arguments. */
export type TakeFile = (file: UploadedFile) => unknown;

export class Upload {
	readonly file: IncomingFile;
	/** What the handler returned, when that and all it published is done. */
	readonly outcome: Promise<unknown>;
	readonly #first: OngoingCall;
	readonly #windowBytes: number;
	/** Whose connection brings the file; null while its client is away. */
	#call: OngoingCall | null;
	#settled = false;
	/** What the client was told last. */
	#told = { from: 0, until: 0 };

	constructor(call: OngoingCall, facts: FileFacts, take: TakeFile) {
		this.#first = call;
		this.#call = call;
		this.#windowBytes = call.limits.uploadWindowBytes;
		this.file = new IncomingFile(facts, this.#windowBytes, () => this.#taken());
		this.#tell();
		this.outcome = this.#run(take);
		this.outcome.catch(() => {}); // where nobody waits any more
	}

	async #run(take: TakeFile): Promise<unknown> {
		try {
			const result = await take(this.file);
			await this.#first.context.published;
			return result;
		} finally {
			this.#settled = true;
		}
	}

	get call(): OngoingCall | null {
		return this.#call;
	}

	get isSettled(): boolean {
		return this.#settled;
	}

	/** Bytes that the client was asked for and has not sent. */
	get owedBytes(): number {
		return this.#told.until - this.file.received;
	}

	/** The client is back: goes on with this call. Returns what answers it. */
	attach(call: OngoingCall): Promise<unknown> {
		this.#call = call;
		this.#tell();
		// The first call has reported it.
		return this.outcome.catch((error: unknown) => {
			throw isLiveError(error) ? error : new LiveError('INTERNAL', 'something went wrong on the server');
		});
	}

	detach(): void {
		this.#call = null;
	}

	/** @throws {LiveError} PROTOCOL_ERROR */
	receive(chunk: Chunk): void {
		this.file.receive(chunk, this.#told.until);
		this.#call?.progressed();
		this.#tellSoon();
	}

	/** Its handler is told that the rest will not come. */
	abort(reason: LiveError): void {
		this.#first.context.abort(reason);
		this.file.fail(reason);
	}

	#taken(): void {
		this.#call?.progressed();
		this.#tellSoon();
	}

	/** Not for every part: a quarter of the window is worth a message, or the end. A handler that waits has taken all of it. */
	#tellSoon(): void {
		const { received, until, size } = this.file;
		const least = this.#windowBytes / 4;
		const isLast = until === size && this.#told.until < size; // however little it is, nothing would come after it
		if (isLast || until - this.#told.until >= least || received - this.#told.from >= least) this.#tell();
	}

	#tell(): void {
		if (this.#call === null) return;
		const { received: from, until } = this.file;
		this.#told = { from, until };
		this.#call.send(encodeWanted({ id: this.#call.request.id, from, until }));
	}
}
