// What functions that take or send files, or many values, look like to a component. The server's `live` functions return these
// types and the browser's stubs implement them.

import type { LiveExport } from './surface.ts';

/** What may be sent as a file. A `Blob` is read as it is sent; everything else must not change until then. */
export type FileSource = Blob | ArrayBuffer | ArrayBufferView<ArrayBuffer>;

/** A server function that takes bytes. Rejects with a LiveError. */
export interface LiveBinary<Args extends unknown[], Result> extends LiveExport {
	(bytes: FileSource, ...args: Args): Promise<Result>;
}

/** A server function that takes a file, as it comes. */
export interface LiveUpload<Args extends unknown[], Result> extends LiveExport {
	(file: FileSource, ...args: Args): LiveUploadTask<Result>;
}

/** An upload that is under way: a promise of what the function returns, and how far it is. */
export interface LiveUploadTask<Result> extends Promise<Result> {
	/** Bytes of the file. */
	readonly size: number;
	/** Bytes that have been given to the connection; goes back where they were lost with it. */
	readonly sentBytes: number;
	/** Bytes that the server has. */
	readonly receivedBytes: number;
	/** What the server has, from 0 to 1; 1 when the function has answered. */
	readonly progress: number;
	/** Ends the upload: it rejects with `CANCELLED`, and the server is told. Nothing happens where it has ended. */
	abort(): void;
	/** Calls `listener` when it got further, and when it ends. Returns what removes it. */
	onProgress(listener: () => void): () => void;
}

/** A server function that answers with many values. Each iteration calls it; leaving the loop ends it on the server. */
export interface LiveGenerator<Args extends unknown[], Value> extends LiveExport {
	(...args: Args): LiveValues<Value>;
}

/** Iterating throws a LiveError where the function fails, or the connection is lost. */
export type LiveValues<Value> = AsyncIterable<Value>;

/** A server function that sends a file. */
export interface LiveDownload<Args extends unknown[]> extends LiveExport {
	(...args: Args): LiveFile;
}

/** A file that the server sends as it is taken. Each use of it calls the function. All of them fail with a LiveError. */
export interface LiveFile extends LiveValues<Uint8Array<ArrayBuffer>> {
	stream(): ReadableStream<Uint8Array<ArrayBuffer>>;
	/** All of it. @param type the media type that the blob has @default '' */
	blob(type?: string): Promise<Blob>;
}

/** A server function that nobody waits for: what does not leave at once is forgotten. */
export interface LiveVolatile<Args extends unknown[]> extends LiveExport {
	(...args: Args): void;
}
