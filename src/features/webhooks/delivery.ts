// One delivery of a webhook as it came: nothing of it is parsed before it was verified.

import { LiveError } from '../../base/errors.ts';

export interface WebhookDelivery {
	/** The body as it was sent, which signatures are about. */
	readonly body: string;
	/** By lower-case name. */
	readonly headers: Readonly<Record<string, string>>;
}

/** Reads a request's body, up to a limit. */
export async function deliveryOf(request: Request, maxBytes: number): Promise<WebhookDelivery> {
	const chunks: Uint8Array[] = [];
	let size = 0;
	for await (const chunk of (request.body ?? []) as AsyncIterable<Uint8Array>) {
		size += chunk.byteLength;
		if (size > maxBytes)
			throw new LiveError('TOO_LARGE', `the body has more bytes than the limit "maxBytes" of ${maxBytes}`);
		chunks.push(chunk);
	}
	return { body: textOf(chunks, size), headers: Object.fromEntries(request.headers) };
}

/** Strict, and with a byte order mark where there is one: what is verified must be what was sent. */
function textOf(chunks: readonly Uint8Array[], size: number): string {
	const bytes = new Uint8Array(size);
	let at = 0;
	for (const chunk of chunks) {
		bytes.set(chunk, at);
		at += chunk.byteLength;
	}
	try {
		return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
	} catch (cause) {
		throw new LiveError('BAD_REQUEST', 'the body is not UTF-8', { cause });
	}
}

const IDS = ['webhook-id', 'svix-id', 'x-github-delivery', 'x-shopify-webhook-id', 'x-gitlab-event-uuid'];
const TIMES = ['webhook-timestamp', 'svix-timestamp', 'x-slack-request-timestamp'];

/** What the sender numbers its deliveries by, as far as that is known; else a digest of the body. */
export async function idOf({ headers, body }: WebhookDelivery, payload: unknown): Promise<string> {
	const named = IDS.map((name) => headers[name]).find((id) => id !== undefined && id !== '');
	if (named !== undefined) return named;
	const own = typeof payload === 'object' && payload !== null ? (payload as { id?: unknown }).id : undefined;
	if ((typeof own === 'string' && own !== '') || typeof own === 'number') return String(own);
	const digest = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(body));
	return btoa(String.fromCharCode(...new Uint8Array(digest)));
}

/** When it was sent, in milliseconds since the Unix epoch; null where no header says so. */
export function timeOf({ headers }: WebhookDelivery): number | null {
	const stated = TIMES.map((name) => headers[name]).find((time) => time !== undefined);
	return stated === undefined ? null : Number(stated) * 1_000;
}
