// The further pages of a stream that is loaded in pages. What happens while a page is on its way is remembered, and happens to
// its rows too: they may have been loaded before that.

import { PAGES, type MoreRows } from '../protocol/pages.ts';
import type { StreamEvent } from '../protocol/stream.ts';

/** What pages need of their stream. */
export interface PagesHost {
	/** Runs a function of the server for this stream: it changes nothing. */
	ask(path: string, cursor: string): Promise<unknown>;
	/** Takes rows, as they are after these events. */
	extend(rows: readonly unknown[], events: readonly StreamEvent[]): void;
}

export class Pages {
	readonly #host: PagesHost;
	/** Where the list goes on; null where it does not. */
	#cursor: string | null = null;
	/** What has happened since the page that is on its way was asked for. */
	#events: StreamEvent[] = [];
	#loading: Promise<void> | undefined;

	constructor(host: PagesHost) {
		this.#host = host;
	}

	get hasMore(): boolean {
		return this.#cursor !== null;
	}

	/** The list was replaced: a page that is on its way belongs to the one before. */
	begin(cursor: string | null): void {
		this.#cursor = cursor;
		this.#events = [];
	}

	/** An event changes the list. */
	applied(event: StreamEvent): void {
		if (event.event === 'set') this.begin(null);
		else if (this.#loading) this.#events.push(event);
	}

	/** Those who ask while a page is on its way wait for the same one. */
	load(): Promise<void> {
		return (this.#loading ??= this.#load().finally(() => (this.#loading = undefined)));
	}

	async #load(): Promise<void> {
		while (this.#cursor !== null) {
			const events: StreamEvent[] = (this.#events = []);
			const [rows, cursor] = (await this.#host.ask(PAGES.more, this.#cursor)) as MoreRows;
			if (this.#events !== events) continue;
			this.#cursor = cursor;
			return this.#host.extend(rows, events);
		}
	}
}
