// The uploads of a client, and its calls with bytes: sends them with every connection until they are answered.

import type { LiveError } from '../base/errors.ts';
import type { FileSource, LiveUploadTask } from '../base/bytes-surface.ts';
import { decodeWanted } from '../protocol/upload.ts';
import { encodeInput } from '../protocol/value.ts';
import type { Client } from './client.ts';
import type { ClientExtension, ExtensionHost } from './extension.ts';
import { overLimit } from './failure.ts';
import { sendable } from './request.ts';
import { Sending } from './sending.ts';
import type { DecodeExtra } from '../protocol/down.ts';

interface Request {
	readonly path: string;
	readonly source: FileSource;
	readonly args: readonly unknown[];
	/** Whether it may go as one frame where it is small. */
	readonly isCall: boolean;
}

class Uploads implements ClientExtension {
	readonly decoders = new Map<string, DecodeExtra>([
		[
			'wanted',
			(message) => {
				const wanted = decodeWanted(message);
				return () => {
					for (const sending of this.#all) sending.wanted(wanted);
				};
			}
		]
	]);
	readonly #host: ExtensionHost;
	readonly #all = new Set<Sending>();

	constructor(host: ExtensionHost) {
		this.#host = host;
	}

	start({ path, source, args, isCall }: Request): Sending {
		const { link, settings, updates } = this.#host;
		const encoded = sendable(path, () => encodeInput(args));
		// A copy of bytes: what they are now.
		const file = source instanceof Blob ? source : new Blob([source]);
		return updates.run(() => {
			const sending: Sending = new Sending(this.#host, { path, file, args: encoded, isCall }, () =>
				this.#all.delete(sending)
			);
			this.#all.add(sending);
			const refusal = link.demand() ?? this.#tooMany(settings.maxWaitingCalls);
			if (refusal) sending.fail(refusal);
			else if (link.open) sending.begin();
			return sending;
		});
	}

	#tooMany(maxWaitingCalls: number): LiveError | undefined {
		if (this.#host.link.open || this.#all.size <= maxWaitingCalls) return undefined;
		const what = `${this.#all.size} uploads without a connection`;
		return overLimit('TOO_MANY', what, `"maxWaitingCalls" is ${maxWaitingCalls}`);
	}

	opened(): void {
		for (const sending of this.#all) sending.begin();
	}

	failed(error: LiveError, final: boolean): void {
		for (const sending of [...this.#all]) sending.lost(error, final);
	}
}

const makeUploads = (host: ExtensionHost): Uploads => new Uploads(host);

/** What an upload shows of itself; `track` is told when somebody looks. */
const SHOWN = ['size', 'sentBytes', 'receivedBytes'] as const;

/**
 * Uploads a file to a function made by `live.upload`.
 * @param track told when something reads how far it is @default nobody
 * @throws {LiveError} BAD_REQUEST where the arguments cannot travel
 */
export function upload(
	client: Client,
	request: Omit<Request, 'isCall'>,
	track: (sending: Sending) => () => void = () => () => {}
): LiveUploadTask<unknown> {
	const sending = client.extend(makeUploads).start({ ...request, isCall: false });
	const tracked = track(sending);
	const shown = (read: () => unknown): PropertyDescriptor => ({ get: () => (tracked(), read()) });
	const progress = (): number => (sending.size === 0 ? Number(sending.ended) : sending.receivedBytes / sending.size);
	return Object.defineProperties(sending.answer, {
		...Object.fromEntries(SHOWN.map((name) => [name, shown(() => sending[name])])),
		progress: shown(progress),
		abort: { value: () => sending.abort() },
		onProgress: { value: (listener: () => void) => sending.onProgress(listener) }
	}) as LiveUploadTask<unknown>; // that is what was defined above
}

/** Calls a function made by `live.binary`. Rejects with a LiveError. */
export async function sendBytes(client: Client, request: Omit<Request, 'isCall'>): Promise<unknown> {
	return client.extend(makeUploads).start({ ...request, isCall: true }).answer;
}
