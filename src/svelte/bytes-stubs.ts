// The stubs of functions that take or send files, or many values: `tidewire/svelte/stubs/bytes`. Apart from the others, so that only
// pages that use them load what they need.

import { createSubscriber } from 'svelte/reactivity';
import type {
	FileSource,
	LiveBinary,
	LiveDownload,
	LiveGenerator,
	LiveUpload,
	LiveVolatile
} from '../base/bytes-surface.ts';
import { client } from '../client/default-client.ts';
import { download as downloadFile, generate as generateValues } from '../client/many-answers.ts';
import { sendBytes, upload as uploadFile } from '../client/uploads.ts';
import { sendVolatile } from '../client/volatile.ts';

/** A server function that takes a file. How far an upload is can be read in effects and templates. */
export function upload(path: string): LiveUpload<unknown[], unknown> {
	return (source: FileSource, ...args) =>
		uploadFile(client, { path, source, args }, (sending) =>
			createSubscriber((update) => sending.onProgress(update))
		);
}

/** A server function that takes bytes. */
export function binary(path: string): LiveBinary<unknown[], unknown> {
	return (source: FileSource, ...args) => sendBytes(client, { path, source, args });
}

/** A server function that answers with many values. */
export function generate(path: string): LiveGenerator<unknown[], unknown> {
	return (...args) => generateValues(client, path, args);
}

/** A server function that sends a file. */
export function download(path: string): LiveDownload<unknown[]> {
	return (...args) => downloadFile(client, path, args);
}

/** A server function that nobody waits for. */
export function volatile(path: string): LiveVolatile<unknown[]> {
	return (...args) => sendVolatile(client, path, args);
}
