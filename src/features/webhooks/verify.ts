// Ways to verify a delivery that many senders share. Comparing is the work of Web Crypto, in constant time.

import type { WebhookDelivery } from './delivery.ts';

/** Returns what the delivery says, or throws, or returns nothing, where it is not the sender's. */
export type VerifyWebhook<Payload> = (delivery: WebhookDelivery) => Promise<Payload> | Payload;

export interface HmacOptions {
	/** What is shared with the sender. */
	secret: string;
	/** The header with the signature, for example `x-hub-signature-256`. */
	header: string;
	/** What stands before it in the header, for example `sha256=`. @default nothing */
	prefix?: string;
	/** @default 'hex' */
	encoding?: 'hex' | 'base64';
	/** @default 'SHA-256' */
	hash?: 'SHA-1' | 'SHA-256' | 'SHA-512';
}

/** A body signed as a whole with HMAC, as GitHub, Shopify and others do. What it says is JSON. */
export function hmacWebhook<Payload = unknown>(options: HmacOptions): VerifyWebhook<Payload> {
	const { secret, header, prefix = '', encoding = 'hex', hash = 'SHA-256' } = options;
	const key = importKey(new TextEncoder().encode(secretOf(secret)), hash);
	return async ({ body, headers }) => {
		const stated = headers[header.toLowerCase()] ?? '';
		const signature = stated.startsWith(prefix) ? decode(stated.slice(prefix.length), encoding) : null;
		if (!(await verifies(await key, signature, body)))
			throw new Error(`the header "${header}" is no signature of it`);
		return JSON.parse(body) as Payload;
	};
}

/**
 * The Standard Webhooks specification: the headers `webhook-id`, `webhook-timestamp` and `webhook-signature`. What it says is
 * JSON.
 * @param secret as the sender shows it, `whsec_…`
 */
export function standardWebhook<Payload = unknown>(secret: string): VerifyWebhook<Payload> {
	const bytes = decode(secretOf(secret).replace(/^whsec_/, ''), 'base64');
	if (bytes === null || bytes.length === 0)
		throw new TypeError('the secret of a webhook must be base64, after "whsec_"');
	const key = importKey(bytes, 'SHA-256');
	return async ({ body, headers }) => {
		const [id, time] = [headers['webhook-id'] ?? '', headers['webhook-timestamp'] ?? ''];
		const versions = (headers['webhook-signature'] ?? '').split(' ').filter((each) => each.startsWith('v1,'));
		for (const version of versions) {
			const signature = decode(version.slice(3), 'base64');
			if (await verifies(await key, signature, `${id}.${time}.${body}`)) return JSON.parse(body) as Payload;
		}
		throw new Error('the header "webhook-signature" has no signature of it');
	};
}

/** Without a secret everybody could sign. */
function secretOf(secret: string): string {
	if (typeof secret === 'string' && secret !== '') return secret;
	throw new TypeError('a webhook has no secret: is the environment variable set?');
}

const importKey = (bytes: BufferSource, hash: string): Promise<CryptoKey> =>
	crypto.subtle.importKey('raw', bytes, { name: 'HMAC', hash }, false, ['verify']);

async function verifies(key: CryptoKey, signature: Uint8Array<ArrayBuffer> | null, text: string): Promise<boolean> {
	return signature !== null && crypto.subtle.verify('HMAC', key, signature, new TextEncoder().encode(text));
}

/** Null where it is not in this encoding. */
function decode(text: string, encoding: 'hex' | 'base64'): Uint8Array<ArrayBuffer> | null {
	if (encoding === 'hex') {
		if (!/^(?:[0-9a-f]{2})*$/i.test(text)) return null;
		return Uint8Array.from(text.match(/../g) ?? [], (digits) => parseInt(digits, 16));
	}
	try {
		return Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
	} catch {
		return null;
	}
}
