import { describe, expect, it } from 'vitest';
import { LiveError } from '../base/errors.ts';
import type { MergeSpec } from '../base/merge.ts';
import { encodeError, encodeResult } from './call.ts';
import { decodeDown } from './down.ts';
import { encodeGoodbye, encodeWelcome } from './handshake.ts';
import { encodeHeartbeat, encodePong } from './heartbeat.ts';
import { DEFAULT_LIMITS } from './limits.ts';
import {
	decodeEventBody,
	encodeEvent,
	encodeEventBody,
	encodeListedEvent,
	encodeReset,
	encodeResumed,
	encodeSnapshot
} from './stream.ts';
import { encodeValue } from './value.ts';

const merge: MergeSpec = { kind: 'crud', key: 'id', prepend: true, max: 9 };
const position = { epoch: 'e', offset: 4 };

/** An example of everything that a server says: its text, and what the client makes of it. */
const EXAMPLES = [
	{
		text: encodeWelcome({ version: 1, connectionId: 'c1', limits: DEFAULT_LIMITS }),
		message: { kind: 'welcome', version: 1, connectionId: 'c1', limits: DEFAULT_LIMITS }
	},
	{
		text: encodeGoodbye({ code: 'GOING_AWAY', message: 'later', retryAfterMs: 100 }),
		message: { kind: 'goodbye', code: 'GOING_AWAY', message: 'later', retryAfterMs: 100 }
	},
	{
		text: encodeGoodbye({ code: 'UNAUTHORIZED', message: 'who?', retryAfterMs: null }),
		message: { kind: 'goodbye', code: 'UNAUTHORIZED', message: 'who?', retryAfterMs: null }
	},
	{ text: encodeResult(1, { a: [1] }), message: { kind: 'result', id: 1, value: { a: [1] } } },
	{ text: encodeResult(1, undefined), message: { kind: 'result', id: 1, value: undefined } },
	{
		text: encodeSnapshot({ id: 2, alias: 3, position, merge, events: [] }, encodeValue([{ id: 1n }])),
		message: { kind: 'snapshot', id: 2, alias: 3, position, merge, events: [], value: [{ id: 1n }] }
	},
	{
		text: encodeSnapshot(
			{
				id: 2,
				alias: 3,
				position: null,
				merge,
				events: [encodeListedEvent(0, encodeEventBody('updated', { id: 1, at: new Date(0) }))]
			},
			encodeValue([])
		),
		message: {
			kind: 'snapshot',
			id: 2,
			alias: 3,
			position: null,
			merge,
			events: [{ offset: 0, event: 'updated', data: { id: 1, at: new Date(0) } }],
			value: []
		}
	},
	{
		text: encodeResumed({ id: 2, alias: 3, position, merge, events: [encodeListedEvent(5, '"created",{"id":1}')] }),
		message: {
			kind: 'resumed',
			id: 2,
			alias: 3,
			position,
			merge,
			events: [{ offset: 5, event: 'created', data: { id: 1 } }]
		}
	},
	{ text: encodeReset(2, 'slow'), message: { kind: 'reset', id: 2, reason: 'slow' } },
	{
		text: encodeEvent(3, 5, encodeEventBody('deleted', { id: 1 })),
		message: { kind: 'event', alias: 3, offset: 5, event: 'deleted', data: { id: 1 } }
	},
	{
		text: encodeEvent(3, 0, encodeEventBody('set', undefined)),
		message: { kind: 'event', alias: 3, offset: 0, event: 'set', data: undefined }
	},
	{
		text: encodeHeartbeat(6, [
			[3, 5],
			[4, 0]
		]),
		message: {
			kind: 'heartbeat',
			beat: 6,
			heads: [
				[3, 5],
				[4, 0]
			]
		}
	},
	{ text: encodePong(7), message: { kind: 'pong', beat: 7 } }
];

describe('what a server writes', () => {
	it.each(EXAMPLES)('is what the client reads: $text', ({ text, message }) => {
		expect(decodeDown(text)).toEqual([message]);
	});

	it('keeps everything of an error that is meant for the client', () => {
		const issues = [{ message: 'too short', path: ['name', 0] }];
		const error = new LiveError('VALIDATION', 'too short', { issues, retryAfterMs: 5, data: { at: new Date(1) } });
		const [failure] = decodeDown(encodeError(9, error));
		expect(failure).toMatchObject({
			kind: 'error',
			id: 9,
			error: {
				code: 'VALIDATION',
				message: 'too short',
				issues,
				retryAfterMs: 5,
				details: { data: { at: new Date(1) } }
			}
		});
	});

	it('is one frame where it is joined by line ends', () => {
		const frame = EXAMPLES.map(({ text }) => text).join('\n');
		expect(decodeDown(frame)).toEqual(EXAMPLES.map(({ message }) => message));
	});

	it('keeps an event body readable by itself', () => {
		expect(decodeEventBody(encodeEventBody('created', { id: 1n }))).toEqual({ event: 'created', data: { id: 1n } });
		expect(decodeEventBody(encodeEventBody('created', [1]))).toEqual({ event: 'created', data: [1] });
	});
});

describe('a server that breaks the protocol', () => {
	/** Every field before the value, which a server answers for itself. */
	const ENVELOPES: unknown[][] = [
		['welcome', 1, 'c1', {}],
		['goodbye', 'CODE', 'text', null],
		['result', 1],
		['snapshot', 1, 2, ['e', 3], ['crud', 'id', 0, 0], []],
		['resumed', 1, 2, ['e', 3], ['crud', 'id', 0, 0], []],
		['reset', 1, 'slow'],
		['event', 1, 2, 'created'],
		['heartbeat', 1, [[1, 2]]],
		['pong', 1]
	];
	const WITH_VALUE = new Set(['result', 'snapshot', 'event']);
	const WRONG = [true, '', -1, 1.5, {}, [[]], ['x', -1], ['x', 'id', 0, 0], 'x'.repeat(300)];
	/** What a field says to a person may be anything. */
	const isFree = (kind: unknown, index: number): boolean => kind === 'goodbye' && index === 2;

	const cases = ENVELOPES.flatMap((envelope) =>
		envelope.slice(1).flatMap((valid, before) =>
			WRONG.filter((wrong) => !isFree(envelope[0], before + 1) && !isSameKind(valid, wrong)).map((wrong) => {
				const message = envelope.with(before + 1, wrong);
				return [WITH_VALUE.has(envelope[0] as string) ? [...message, null] : message];
			})
		)
	);

	it.each(cases)('is noticed: %j', (message) => {
		expect(() => decodeDown(JSON.stringify(message))).toThrow(expect.objectContaining({ code: 'PROTOCOL_ERROR' }));
	});

	it('is noticed by a cursor that is no text', () => {
		const message = ['snapshot', 1, 2, ['e', 3], ['crud', 'id', 0, 0, 5], [], null];
		expect(() => decodeDown(JSON.stringify(message))).toThrow('a cursor must be text, or null');
	});

	it.each(['constructor', 'toString', '__proto__', 'hello', 'call'])('is noticed by the kind "%s"', (kind) => {
		expect(() => decodeDown(JSON.stringify([kind, 1]))).toThrow(
			expect.objectContaining({ code: 'PROTOCOL_ERROR' })
		);
	});
});

/** Objects where an object is asked for; everything else in WRONG is wrong everywhere. */
function isSameKind(valid: unknown, wrong: unknown): boolean {
	const isObject = (value: unknown): boolean => typeof value === 'object' && value !== null;
	return isObject(valid) && !Array.isArray(valid) && isObject(wrong);
}
