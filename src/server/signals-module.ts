// The live module of signals, which every server has: what pages read, and how they answer.

import { LiveError } from '../base/errors.ts';
import type { MaybePromise } from '../base/maybe-promise.ts';
import type { LiveContext } from './context.ts';
import { define, type CallDefinition, type Handler, type StreamDefinition } from './definition.ts';
import { partsOf } from './features.ts';
import type { Messenger, Question } from './processes/messenger.ts';
import { connectionTopic, topicOfUser } from './signals.ts';

/** A page that cannot answer says so in this many characters. */
const MAX_TEXT = 1_000;
const CODE = /^[A-Z][A-Z_]{0,63}$/;

/** Takes what pages send beside calls and streams, with `sendMessage`. Nobody waits for an answer. */
export type OnUnhandled = (context: LiveContext, data: unknown) => MaybePromise<unknown>;

/** Its exports by their names. */
export function signalsModule(onUnhandled: OnUnhandled | undefined): Record<string, unknown> {
	return {
		user: channel(({ user }) => topicOfUser(user)),
		connection: channel(({ connection }) => connectionTopic(connection.id)),
		answer: call((context, ...[id, process, data]) => messengerOf(context).answer(questionOf(id, process), data)),
		refuse: call((context, ...[id, process, code, message]) =>
			messengerOf(context).refuse(questionOf(id, process), errorOf(code, message))
		),
		message: define(
			{},
			{ kind: 'call', handler: messageHandler(onUnhandled), schemas: null, once: null, volatile: true }
		)
	};
}

function channel(topic: StreamDefinition['topic']): object {
	const definition: StreamDefinition = {
		kind: 'stream',
		topic,
		load: null,
		merge: { kind: 'latest', key: 'id', prepend: false, max: 1 },
		ephemeral: true,
		access: null,
		schemas: null,
		onSubscribe: null,
		onUnsubscribe: null
	};
	return define({}, definition);
}

function call(handler: Handler): object {
	const definition: CallDefinition = { kind: 'call', handler, schemas: null, once: null };
	return define({}, definition);
}

function messageHandler(onUnhandled: OnUnhandled | undefined): Handler {
	return (context, data) => {
		if (onUnhandled === undefined)
			throw new LiveError('NOT_FOUND', 'a page has sent a message of its own, and "onUnhandled" is not set');
		return onUnhandled(context, data);
	};
}

const messengerOf = (context: LiveContext): Messenger => partsOf(context).process.messenger;

function questionOf(id: unknown, process: unknown): Question {
	if (typeof id === 'string' && typeof process === 'string') return { id, process };
	throw new LiveError('BAD_REQUEST', 'an answer must name its question and the process that asked');
}

/** A page says of its refusal what it may say: no more than a code and a text. */
function errorOf(code: unknown, message: unknown): LiveError {
	const text = typeof message === 'string' ? message.slice(0, MAX_TEXT) : '';
	return new LiveError(typeof code === 'string' && CODE.test(code) ? code : 'INTERNAL', text);
}
