// Calls that answer with many values, and downloads: what each connection brings goes to the loop that asked for it.

import type { LiveFile, LiveValues } from '../base/bytes-surface.ts';
import type { LiveError } from '../base/errors.ts';
import { readChunk } from '../protocol/binary.ts';
import { encodeCallOf } from '../protocol/call.ts';
import { BINARY, type DecodeExtra } from '../protocol/down.ts';
import { violation } from '../protocol/fields.ts';
import { encodeInput } from '../protocol/value.ts';
import { decodeManyValue, FIRST_BYTES, FIRST_VALUES } from '../protocol/values.ts';
import type { Client } from './client.ts';
import type { ClientExtension, ExtensionHost } from './extension.ts';
import { Reading } from './reading.ts';
import { sendable } from './request.ts';

interface Kind {
	readonly first: number;
	readonly costOf: (value: unknown) => number;
}

const VALUES: Kind = { first: FIRST_VALUES, costOf: () => 1 };
const BYTES: Kind = { first: FIRST_BYTES, costOf: (value) => (value as Uint8Array).length };

class ManyAnswers implements ClientExtension {
	readonly decoders = new Map<string, DecodeExtra>([
		[
			'value',
			(message) => {
				const { id, value } = decodeManyValue(message);
				return () => this.#byId.get(id)?.give(value);
			}
		],
		[
			BINARY,
			([, frame]) => {
				if (!(frame instanceof ArrayBuffer)) return violation('a frame must be text or an ArrayBuffer');
				const { id, bytes } = readChunk(new Uint8Array(frame));
				return () => this.#byId.get(id)?.give(bytes);
			}
		]
	]);
	readonly #host: ExtensionHost;
	readonly #all = new Set<Reading>();
	readonly #byId = new Map<number, Reading>();

	constructor(host: ExtensionHost) {
		this.#host = host;
	}

	/** The call is made when the first value is asked for. */
	read(path: string, args: string, { first, costOf }: Kind): Reading {
		const encode = (id: number): string => encodeCallOf(id, path, args);
		const reading: Reading = new Reading(this.#host, {
			path,
			encode,
			first,
			costOf,
			began: () => this.#all.add(reading),
			sent: (id) => this.#byId.set(id, reading),
			ended: (id) => {
				this.#all.delete(reading);
				if (id !== null) this.#byId.delete(id);
			}
		});
		return reading;
	}

	opened(): void {
		for (const reading of this.#all) reading.open();
	}

	failed(error: LiveError, final: boolean): void {
		for (const reading of [...this.#all]) reading.lost(error, final);
	}
}

const makeManyAnswers = (host: ExtensionHost): ManyAnswers => new ManyAnswers(host);

/**
 * The values of a function made by `live.generate`.
 * @throws {LiveError} BAD_REQUEST where the arguments cannot travel
 */
export function generate(client: Client, path: string, args: readonly unknown[]): LiveValues<unknown> {
	const text = sendable(path, () => encodeInput(args));
	return { [Symbol.asyncIterator]: () => client.extend(makeManyAnswers).read(path, text, VALUES) };
}

/**
 * The file of a function made by `live.download`.
 * @throws {LiveError} BAD_REQUEST where the arguments cannot travel
 */
export function download(client: Client, path: string, args: readonly unknown[]): LiveFile {
	const text = sendable(path, () => encodeInput(args));
	// What comes in binary frames is bytes.
	const open = () =>
		client.extend(makeManyAnswers).read(path, text, BYTES) as AsyncIterator<Uint8Array<ArrayBuffer>, unknown>;
	const file: LiveFile = {
		[Symbol.asyncIterator]: open,
		stream: () => streamOf(open()),
		async blob(type = '') {
			const parts: Uint8Array<ArrayBuffer>[] = [];
			for await (const part of file) parts.push(part);
			return new Blob(parts, { type });
		}
	};
	return file;
}

function streamOf(parts: AsyncIterator<Uint8Array<ArrayBuffer>, unknown>): ReadableStream<Uint8Array<ArrayBuffer>> {
	const source: UnderlyingDefaultSource<Uint8Array<ArrayBuffer>> = {
		async pull(controller) {
			const result = await parts.next();
			if (result.done === true) controller.close();
			else controller.enqueue(result.value);
		},
		async cancel() {
			await parts.return?.();
		}
	};
	// Nothing is fetched before somebody reads.
	return new ReadableStream(source, { highWaterMark: 0 });
}
