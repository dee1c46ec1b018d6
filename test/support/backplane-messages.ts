// What a test and the process of a backplane say to each other.
import type { Delivery } from '../../src/server/backplane.ts';

export type Method =
	| 'start'
	| 'stop'
	| 'subscribe'
	| 'unsubscribe'
	| 'head'
	| 'append'
	| 'broadcast'
	| 'read'
	| 'store';

/** Begins a backplane anew (`create`), or calls a method of it. */
export interface Ask {
	ask: number;
	method: Method | 'create';
	args: unknown[];
}

export type Tell =
	| { answer: number; value: unknown }
	| { answer: number; failure: { code: string | undefined; message: string } }
	| { delivery: Delivery };
