// Calls that answer with many parts: what the handler's generator yields is sent as the client takes it, and what it returns is
// the answer. Invariant: whatever ends the call, the generator is ended, and its `finally` has run when the call's work is done.

import { LiveError } from '../../base/errors.ts';
import type { Converse, OngoingCall } from '../../server/conversation.ts';
import type { Handler } from '../../server/definition.ts';
import { Credit } from './credit.ts';

/** One message. */
export interface Part {
	/** What of the client's credit it takes. */
	readonly cost: number;
	send(): void;
}

export interface Answering {
	/** The credit that a client gives without saying so. */
	readonly first: number;
	/** Splits what was yielded into messages, one after another: each is asked for when the one before has been sent. */
	partsOf(yielded: unknown, call: OngoingCall): Iterable<Part>;
}

export function answerMany(handler: Handler, makeAnswering: () => Answering): Converse {
	return (call) => {
		const { request } = call;
		if (request.bytes !== undefined || request.file !== undefined)
			throw new LiveError('BAD_REQUEST', `"${request.path}" takes no bytes`);
		const answering = makeAnswering();
		const credit = new Credit(answering.first);
		const end = (): void => credit.end();
		return {
			handler: async (context, ...args) => {
				const source = iteratorOf(await handler(context, ...args), request.path);
				return pump(source, { call, credit, answering });
			},
			hear(message) {
				if (message.kind === 'chunk')
					throw new LiveError('PROTOCOL_ERROR', `bytes came for the call ${message.id}`);
				call.progressed();
				credit.add(message.count);
			},
			ended: end,
			lost: end
		};
	};
}

interface Pumping {
	call: OngoingCall;
	credit: Credit;
	answering: Answering;
}

async function pump(source: Iterator<unknown> | AsyncIterator<unknown>, pumping: Pumping): Promise<unknown> {
	let finished = false;
	try {
		while (await mayGoOn(pumping)) {
			const { done, value } = await source.next();
			if (done === true) {
				finished = true;
				return value;
			}
			await pumping.call.context.published; // what it published comes before it
			await sendAll(pumping, value);
		}
		return undefined;
	} finally {
		if (!finished) await source.return?.();
	}
}

async function sendAll(pumping: Pumping, yielded: unknown): Promise<void> {
	const { call, credit, answering } = pumping;
	for (const part of answering.partsOf(yielded, call)) {
		if (!(await mayGoOn(pumping))) return;
		part.send();
		credit.use(part.cost);
		call.progressed();
	}
}

/** Waits until the client takes more; false where the call is over. */
async function mayGoOn({ call, credit }: Pumping): Promise<boolean> {
	await credit.some();
	if (!credit.isOver) await call.room();
	return !credit.isOver;
}

function iteratorOf(source: unknown, path: string): Iterator<unknown> | AsyncIterator<unknown> {
	if (typeof source === 'object' && source !== null) {
		if (Symbol.asyncIterator in source) return (source as AsyncIterable<unknown>)[Symbol.asyncIterator]();
		if (Symbol.iterator in source) return (source as Iterable<unknown>)[Symbol.iterator]();
	}
	throw new TypeError(`"${path}" must return something to iterate over: an async generator does`);
}
