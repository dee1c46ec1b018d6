// `live.download`: functions that answer with bytes, as they come.

import type { MaybePromise } from '../../base/maybe-promise.ts';
import type { LiveDownload } from '../../base/bytes-surface.ts';
import { encodeChunk } from '../../protocol/binary.ts';
import { FIRST_BYTES } from '../../protocol/values.ts';
import type { LiveContext } from '../../server/context.ts';
import type { OngoingCall } from '../../server/conversation.ts';
import type { Handler } from '../../server/definition.ts';
import { defineCall, takeSchemas, type Inputs, type Outputs, type Schemas } from '../../server/define-call.ts';
import type { GenerateOptions } from './generate.ts';
import { answerMany, type Answering, type Part } from './many-answers.ts';

/** What is yielded at once is sent in parts of this size, so that other messages come between them. */
const PART_BYTES = 64 * 1024;

type Send<Args extends unknown[]> = (
	context: LiveContext,
	...args: Args
) => MaybePromise<AsyncIterable<Uint8Array> | Iterable<Uint8Array>>;

/**
 * A function whose bytes the browser takes as a stream or as a `Blob`. The handler is an async generator of `Uint8Array`, or
 * returns something of the kind: a `ReadableStream`, a file's stream. It is read as fast as the client takes it; when the client
 * stops, its `finally` runs.
 */
export function download<Args extends unknown[]>(handler: Send<Args>, options?: GenerateOptions): LiveDownload<Args>;
export function download<const All extends Schemas>(
	schemas: All,
	handler: Send<Outputs<All>>,
	options?: GenerateOptions
): LiveDownload<Inputs<All>>;
export function download(...given: unknown[]): unknown {
	const { schemas, handler, options } = takeSchemas('live.download', given);
	const { idleMs } = (options ?? {}) as GenerateOptions;
	return defineCall({
		schemas,
		once: null,
		converse: answerMany(handler as Handler, bytesFromStart),
		idleMs
	});
}

function bytesFromStart(): Answering {
	let offset = 0;
	return {
		first: FIRST_BYTES,
		*partsOf(yielded: unknown, call: OngoingCall): Iterable<Part> {
			if (!(yielded instanceof Uint8Array))
				throw new TypeError(`"${call.request.path}" must yield bytes, as Uint8Array`);
			for (let at = 0; at < yielded.length; at += PART_BYTES) {
				const bytes = yielded.subarray(at, at + PART_BYTES);
				const frame = encodeChunk({ id: call.request.id, offset, bytes });
				yield { cost: bytes.length, send: () => call.sendBytes(frame) };
				offset += bytes.length;
			}
		}
	};
}
