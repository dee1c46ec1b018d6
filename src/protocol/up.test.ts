import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { LiveError } from '../base/errors.ts';
import { encodeBatch, encodeCall, encodeCancel, encodeKeyedCall } from './call.ts';
import { encodeHello } from './handshake.ts';
import { encodePing, encodePong } from './heartbeat.ts';
import { DEFAULT_LIMITS } from './limits.ts';
import { encodeCatchup, encodeSubscribe, encodeUnsubscribe } from './stream.ts';
import { decodeUp, type UpMessage } from './up.ts';

const decode = (...messages: unknown[]): UpMessage[] =>
	decodeUp(messages.map((message) => JSON.stringify(message)).join('\n'), DEFAULT_LIMITS);

/** What becomes of a message: it is taken, only its request is refused, or the connection cannot go on. */
function fateOf(message: unknown): string {
	try {
		return decode(message).map(describeFate).join();
	} catch (error) {
		if (error instanceof LiveError) return error.code;
		throw error;
	}
}

function describeFate(message: UpMessage): string {
	if (message.kind === 'refused') return `refused ${message.error.code}`;
	if (message.kind === 'batch') return message.calls.map(describeFate).join();
	return 'taken';
}

const count = (value: unknown): boolean => Number.isSafeInteger(value) && (value as number) >= 0;
const text = (value: unknown): boolean => typeof value === 'string' && value.length > 0 && value.length <= 256;
const position = (value: unknown): boolean =>
	Array.isArray(value) &&
	value.length === 2 &&
	typeof value[0] === 'string' &&
	value[0].length > 0 &&
	value[0].length <= 64 &&
	count(value[1]);

/** A valid example of every message, and what each field may be. `args` may be wrong without ending the connection. */
const EXAMPLES: { message: unknown[]; fields: ((value: unknown) => boolean)[]; args?: number }[] = [
	{ message: ['hello', 1], fields: [count] },
	{ message: ['call', 1, 'lib/board/add', [1]], fields: [count, text, Array.isArray], args: 3 },
	{ message: ['cancel', 1], fields: [count] },
	{
		message: ['subscribe', 1, 'lib/board/cards', null, []],
		fields: [count, text, (value) => value === null || position(value), Array.isArray],
		args: 4
	},
	{
		message: ['subscribe', 1, 'lib/board/cards', ['epoch', 7], ['b1']],
		fields: [count, text, (value) => value === null || position(value), Array.isArray],
		args: 4
	},
	{ message: ['unsubscribe', 1], fields: [count] },
	{ message: ['catchup', 1, ['epoch', 7]], fields: [count, position] },
	{ message: ['ping', 1], fields: [count] },
	{ message: ['pong', 1], fields: [count] }
];

const WRONG: unknown[] = [
	null,
	true,
	false,
	'',
	'text',
	'1',
	'x'.repeat(257),
	'__proto__',
	0,
	-1,
	-0.5,
	1.5,
	2 ** 53,
	1e308,
	{},
	{ length: 1, 0: 'lib/board/add' },
	{ toString: 'x' },
	[],
	[[]],
	[null],
	['epoch'],
	['epoch', -1],
	['epoch', '7'],
	['epoch', 7, 7],
	['', 7],
	[7, 'epoch'],
	['x'.repeat(65), 7]
];

function outcomeOf(frame: string): string {
	try {
		decodeUp(frame, DEFAULT_LIMITS);
		return 'taken';
	} catch (error) {
		return error instanceof LiveError ? error.code : String(error);
	}
}

describe('a message with a field of the wrong type', () => {
	const cases = EXAMPLES.flatMap(({ message, fields, args }) =>
		fields.flatMap((isValid, field) =>
			WRONG.map((value) => {
				const index = field + 1;
				const wrong = message.with(index, value);
				if (isValid(value)) return [wrong, 'taken'] as const;
				return [wrong, index === args ? 'refused BAD_REQUEST' : 'PROTOCOL_ERROR'] as const;
			})
		)
	);

	it.each(cases)('%j: %s', (message, fate) => {
		expect(fateOf(message)).toBe(fate);
	});

	it.each(EXAMPLES.map(({ message }) => [message]))(
		'is refused without its last field, and with one more: %j',
		(message) => {
			expect(fateOf(message)).toBe('taken');
			expect(fateOf(message.slice(0, -1))).toBe('PROTOCOL_ERROR');
			for (const more of [null, 0, 2, '1', [], 'text']) expect(fateOf([...message, more])).toBe('PROTOCOL_ERROR');
			expect(fateOf([...message, 1, -1])).toBe('PROTOCOL_ERROR');
		}
	);

	it.each(WRONG.map((value) => [value]))('in an entry of a batch ends the connection: %j', (value) => {
		const entry: unknown[] = [3, 'lib/board/add', []];
		expect(fateOf(['batch', 0, [entry]])).toBe('taken');
		expect(fateOf(['batch', value, [entry]])).toBe(value === 0 ? 'taken' : 'PROTOCOL_ERROR');
		const isEmpty = JSON.stringify(value) === '[]';
		expect(fateOf(['batch', 0, value])).toBe(isEmpty ? '' : 'PROTOCOL_ERROR');
		expect(fateOf(['batch', 0, [entry, value]])).toBe('PROTOCOL_ERROR');
		expect(fateOf(['batch', 0, [entry.with(0, value)]])).toBe(count(value) ? 'taken' : 'PROTOCOL_ERROR');
		expect(fateOf(['batch', 0, [entry.with(1, value)]])).toBe(text(value) ? 'taken' : 'PROTOCOL_ERROR');
		expect(fateOf(['batch', 1, [entry, entry.with(0, 4).with(2, value)]])).toBe(
			Array.isArray(value) ? 'taken,taken' : 'taken,refused BAD_REQUEST'
		);
	});
});

describe('a frame', () => {
	it.each([
		['constructor'],
		['toString'],
		['__proto__'],
		['hasOwnProperty'],
		['result'],
		['welcome'],
		['refused'],
		['Hello'],
		[''],
		[null],
		[1],
		[{}],
		[['hello']],
		[undefined]
	])('of the kind %j is no message', (kind) => {
		expect(fateOf([kind, 1])).toBe('PROTOCOL_ERROR');
		expect(fateOf([kind])).toBe('PROTOCOL_ERROR');
	});

	it.each([
		'',
		' ',
		'\n',
		'null',
		'1',
		'"hello"',
		'{}',
		'{"0":"hello","1":1}',
		'[',
		'["hello",1',
		'["hello",1]]',
		'[]',
		'NaN',
		'["ping",1]\n',
		'\n["ping",1]',
		'["ping",1]\n\n["ping",2]',
		'["hello",1]garbage',
		'\u0000'
	])('%j is a violation', (frame) => {
		expect(() => decodeUp(frame, DEFAULT_LIMITS)).toThrow(expect.objectContaining({ code: 'PROTOCOL_ERROR' }));
	});

	it('with one bad message among good ones is refused as a whole, before any of them runs', () => {
		expect(() => decode(['ping', 1], ['ping', -1])).toThrow(expect.objectContaining({ code: 'PROTOCOL_ERROR' }));
	});

	it('of a million brackets is refused without being parsed', () => {
		for (const open of ['[', '{"a":', '[{"a":']) {
			expect(() => decodeUp(open.repeat(1_000_000), DEFAULT_LIMITS)).toThrow(
				expect.objectContaining({
					code: 'PROTOCOL_ERROR',
					message: expect.stringContaining('"depth"') as string
				})
			);
		}
	});

	it('with brackets inside long strings is no deep one', () => {
		const tricky = `${'['.repeat(40_000)}\\"${'{'.repeat(40_000)}\\`;
		expect(decode(['call', 1, 'lib/a', [tricky]])).toMatchObject([{ kind: 'call', args: [tricky] }]);
	});

	it('is taken or refused with PROTOCOL_ERROR, whatever text it is', () => {
		const kinds = fc.constantFrom(
			'hello',
			'call',
			'batch',
			'cancel',
			'subscribe',
			'unsubscribe',
			'catchup',
			'ping',
			'pong'
		);
		const message = fc
			.tuple(kinds, fc.array(fc.jsonValue(), { maxLength: 5 }))
			.map(([kind, rest]) => [kind, ...rest]);
		fc.assert(
			fc.property(
				fc.oneof(
					fc.string(),
					message.map((value) => JSON.stringify(value))
				),
				(frame) => {
					expect(outcomeOf(frame)).toMatch(/^(taken|PROTOCOL_ERROR)$/);
				}
			),
			{ numRuns: 2_000 }
		);
	});
});

describe('arguments that are refused', () => {
	const nested = (levels: number): unknown => (levels === 0 ? 1 : [nested(levels - 1)]);

	it.each<[string, unknown[], string]>([
		['more than the limit', ['call', 5, 'p', Array.from({ length: 33 }, () => 1)], 'TOO_MANY'],
		['too deep', ['call', 5, 'p', nested(65)], 'BAD_REQUEST'],
		['a forbidden key', ['call', 5, 'p', [JSON.parse('{"__proto__":{"admin":true}}')]], 'BAD_REQUEST'],
		['a rich value that is no list', ['call', 5, 'p', [['Date', '2020-01-01']], 1], 'BAD_REQUEST'],
		['a regular expression', ['call', 5, 'p', [[1], ['RegExp', '(a+)+$']], 1], 'BAD_REQUEST'],
		['too many for a stream', ['subscribe', 5, 'p', null, Array.from({ length: 33 }, () => 1)], 'TOO_MANY'],
		['too deep for a stream', ['subscribe', 5, 'p', null, nested(65)], 'BAD_REQUEST']
	])('refuse their request alone: %s', (_, message, code) => {
		expect(decode(message)).toMatchObject([{ kind: 'refused', id: 5, error: { code } }]);
	});

	it('leave the other calls of a batch alone', () => {
		expect(
			decode([
				'batch',
				1,
				[
					[1, 'p', {}],
					[2, 'p', []]
				]
			])
		).toMatchObject([
			{
				kind: 'batch',
				sequential: true,
				calls: [
					{ kind: 'refused', id: 1 },
					{ kind: 'call', id: 2 }
				]
			}
		]);
	});

	it('are those of one call: an id that a batch uses twice ends the connection', () => {
		expect(
			fateOf([
				'batch',
				0,
				[
					[1, 'p', []],
					[1, 'p', []]
				]
			])
		).toBe('PROTOCOL_ERROR');
		expect(
			fateOf([
				'batch',
				1,
				[
					[1, 'p', []],
					[1, 'p', {}]
				]
			])
		).toBe('PROTOCOL_ERROR');
	});

	it('are counted by the limits of the server', () => {
		const limits = { ...DEFAULT_LIMITS, args: 1, depth: 2 };
		expect(decodeUp('["call",1,"p",[1,2]]', limits)).toMatchObject([{ error: { code: 'TOO_MANY' } }]);
		expect(decodeUp('["call",1,"p",[[[1]]]]', limits)).toMatchObject([{ error: { code: 'BAD_REQUEST' } }]);
	});
});

describe('what a client writes', () => {
	it('is what the server reads', () => {
		const frame = [
			encodeHello(1),
			encodeCall(1, 'lib/a', [{ at: new Date(0) }]),
			encodeBatch(true, [
				{ id: 2, path: 'lib/a', args: [] },
				{ id: 3, path: 'lib/"b"', args: [1n] },
				{ id: 8, path: 'lib/c', args: [1], key: 'k1' },
				{ id: 9, path: 'lib/c', args: [1n], key: '"k2"' }
			]),
			encodeKeyedCall({ id: 10, path: 'lib/c', args: [], key: 'k3' }),
			encodeCancel(2),
			encodeSubscribe({ id: 4, path: 'lib/s', position: { epoch: 'e', offset: 9 }, args: ['x\n'] }),
			encodeSubscribe({ id: 5, path: 'lib/s', position: null, args: [undefined] }),
			encodeSubscribe({ id: 6, path: 'lib/s', position: null, args: [1], version: 2 }),
			encodeSubscribe({ id: 7, path: 'lib/s', position: null, args: [undefined], version: 2 }),
			encodeSubscribe({ id: 9, path: 'lib/s', position: null, args: [1], version: 2, since: 's' }),
			encodeSubscribe({ id: 11, path: 'lib/s', position: null, args: [undefined], since: 1.5 }),
			encodeUnsubscribe(4),
			encodeCatchup(5, { epoch: 'e', offset: 0 }),
			encodePing(6),
			encodePong(7)
		].join('\n');
		expect(decodeUp(frame, DEFAULT_LIMITS)).toEqual([
			{ kind: 'hello', version: 1 },
			{ kind: 'call', id: 1, path: 'lib/a', args: [{ at: new Date(0) }] },
			{
				kind: 'batch',
				sequential: true,
				calls: [
					{ kind: 'call', id: 2, path: 'lib/a', args: [] },
					{ kind: 'call', id: 3, path: 'lib/"b"', args: [1n] },
					{ kind: 'call', id: 8, path: 'lib/c', args: [1], key: 'k1' },
					{ kind: 'call', id: 9, path: 'lib/c', args: [1n], key: '"k2"' }
				]
			},
			{ kind: 'call', id: 10, path: 'lib/c', args: [], key: 'k3' },
			{ kind: 'cancel', id: 2 },
			{ kind: 'subscribe', id: 4, path: 'lib/s', position: { epoch: 'e', offset: 9 }, args: ['x\n'] },
			{ kind: 'subscribe', id: 5, path: 'lib/s', position: null, args: [undefined] },
			{ kind: 'subscribe', id: 6, path: 'lib/s', position: null, args: [1], version: 2 },
			{ kind: 'subscribe', id: 7, path: 'lib/s', position: null, args: [undefined], version: 2 },
			{ kind: 'subscribe', id: 9, path: 'lib/s', position: null, args: [1], version: 2, since: 's' },
			{ kind: 'subscribe', id: 11, path: 'lib/s', position: null, args: [undefined], since: 1.5 },
			{ kind: 'unsubscribe', id: 4 },
			{ kind: 'catchup', id: 5, position: { epoch: 'e', offset: 0 } },
			{ kind: 'ping', beat: 6 },
			{ kind: 'pong', beat: 7 }
		]);
	});
});
