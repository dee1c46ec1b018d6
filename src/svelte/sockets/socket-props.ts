// What the component takes, and what it gives.

import type { Snippet } from 'svelte';
import type { MaybePromise } from '../../base/maybe-promise.ts';
import type { Sendable, SocketState } from './reconnecting-socket.ts';

/** Opens and closes by hand, and sends. Its properties are reactive. */
export interface SocketController extends SocketState {
	open(): void;
	/** Closes for good, until `open`. */
	close(code?: number, reason?: string): void;
	/** Returns whether it was sent: only an open socket sends, and nothing is kept for later. */
	send(data: Sendable): boolean;
}

export interface SocketViewProps<Message> {
	/** A form action that returns `{ url }`, as a form names it. Asked anew for every connection. */
	action?: string;
	/** Where to connect, or what finds out, asked anew for every connection. Without `action`. */
	url?: string | (() => MaybePromise<string>);
	/** The last messages, the newest at the end. @default [] */
	data?: Message[];
	/** How many messages `data` keeps. @default 100 */
	history?: number;
	/** Makes a message of what came. @default it is kept as it is */
	parse?: (data: string | ArrayBuffer) => Message;
	/** Whether it connects by itself. @default true */
	autoOpen?: boolean;
	controller?: SocketController | undefined;
	/** What assistive technology calls the list of messages. @default 'Messages' */
	label?: string;
	/**
	 * Whether to come back after a close. @default `usual`: not after 1000, 1008, 4400, 4401 and 4403, nor after 4404 where the
	 * address stays the same
	 */
	reconnect?: (code: number, reason: string, usual: boolean) => boolean;
	onmessage?: (message: Message) => void;
	onclose?: (code: number, reason: string) => void;
	/** One message. @default its text */
	message?: Snippet<[Message]>;
	/** What is shown of the connection. @default a status while it is not open, an alert with a button where it is closed for a reason */
	status?: Snippet<[SocketController]>;
	/** Below the messages: a form to send with, for example. */
	children?: Snippet<[SocketController]>;
}
