// One upgrade request of uWebSockets.js. Invariants: the request is read before anything is awaited, since it lives no
// longer, and a response that was aborted is not touched.

import type { Admission, Refusal } from '../shared/options.ts';
import type { UwsRequest, UwsResponse } from './uws.ts';

export class Upgrade {
	readonly method: string;
	readonly headers = new Headers();
	readonly remoteAddress: string;
	readonly #response: UwsResponse;
	readonly #context: unknown;
	readonly #target: string;
	#aborted = false;

	constructor(response: UwsResponse, request: UwsRequest, context: unknown) {
		this.#response = response;
		this.#context = context;
		const query = request.getQuery();
		this.#target = query ? `${request.getUrl()}?${query}` : request.getUrl();
		this.method = request.getMethod().toUpperCase();
		request.forEach((name, value) => this.headers.append(name, value));
		this.remoteAddress = Buffer.from(response.getRemoteAddressAsText()).toString();
		response.onAborted(() => (this.#aborted = true));
	}

	/** @throws {TypeError} where the `Host` header is none */
	request(isEncrypted: boolean): Request {
		const origin = `${isEncrypted ? 'https' : 'http'}://${this.headers.get('host') ?? 'localhost'}`;
		return new Request(new URL(this.#target, origin), { headers: this.headers });
	}

	refuse({ status, reason }: Refusal): void {
		if (this.#aborted) return;
		this.#response.cork(() => {
			this.#response.writeStatus(`${status} Refused`);
			this.#response.writeHeader('Content-Type', 'text/plain; charset=utf-8');
			this.#response.end(`${reason}\n`, true);
		});
	}

	accept({ setCookies = [] }: Admission<unknown>, data: unknown): void {
		if (this.#aborted) return;
		const header = (name: string): string => this.headers.get(name) ?? '';
		this.#response.cork(() => {
			// Without a status first, the first header would make it 200.
			this.#response.writeStatus('101 Switching Protocols');
			for (const cookie of setCookies) this.#response.writeHeader('Set-Cookie', cookie);
			const [key, protocol] = [header('sec-websocket-key'), header('sec-websocket-protocol')];
			this.#response.upgrade(data, key, protocol, header('sec-websocket-extensions'), this.#context);
		});
	}
}
