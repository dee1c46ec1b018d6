// Watches the wire: a change of what is sent or accepted breaks clients that are out there, so it has to be meant. Whoever
// changes it on purpose decides whether PROTOCOL_VERSION goes up, brings PROTOCOL.md up to date, and puts the new
// fingerprint here.
import { createHash } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { ERROR_CODES, isLiveError, LiveError } from '../base/errors.ts';
import { MERGE_KINDS } from '../base/merge.ts';
import { binaryCallHeader, decodeBinaryUp, encodeBinaryCall, encodeChunk, readChunk } from './binary.ts';
import {
	encodeBatch,
	encodeCall,
	encodeCancel,
	encodeError,
	encodeKeyedCall,
	encodeResult,
	encodeVolatile
} from './call.ts';
import { decodeDown, type DownMessage } from './down.ts';
import { encodeGoodbye, encodeHello, encodeWelcome } from './handshake.ts';
import { encodeHeartbeat, encodePing, encodePong } from './heartbeat.ts';
import { DEFAULT_LIMITS, FIXED_LIMITS, FORBIDDEN_KEYS } from './limits.ts';
import {
	encodeCatchup,
	encodeEvent,
	encodeEventBody,
	encodeListedEvent,
	encodeListedSkip,
	encodeReset,
	encodeResumed,
	encodeSkip,
	encodeSnapshot,
	encodeSubscribe,
	encodeUnsubscribe,
	RESET_REASONS
} from './stream.ts';
import { decodeUp, type UpMessage } from './up.ts';
import { decodeWanted, encodeUpload, encodeWanted } from './upload.ts';
import { encodeInput, encodeValue } from './value.ts';
import { decodeManyValue, encodeManyValue, encodeMore, FIRST_BYTES, FIRST_VALUES } from './values.ts';
import { OLDEST_VERSION, PROTOCOL_VERSION } from './version.ts';

const FINGERPRINTS = {
	version: 1,
	written: 'cf39d83f4a198c7e',
	read: 'f1e7eb0eaf9d3c87',
	constants: '39afaa725a5db0ea'
};

const position = { epoch: 'e', offset: 1 };
const merge = { kind: 'crud', key: 'id', prepend: true, max: 5 } as const;
const events = [encodeListedEvent(2, encodeEventBody('created', { id: 1 }))];
const rich = { at: new Date(0), none: undefined };

const file = { key: 'k', size: 9, name: 'a.txt', type: 'text/plain', again: false };

const UP = {
	hello: [encodeHello(1)],
	call: [
		encodeCall(1, 'a/b', ['x']),
		encodeCall(1, 'a/b', [rich]),
		encodeKeyedCall({ id: 1, path: 'a/b', args: ['x'], key: 'k' }),
		encodeKeyedCall({ id: 1, path: 'a/b', args: [rich], key: 'k' }),
		encodeVolatile(1, 'a/b', ['x']),
		encodeVolatile(1, 'a/b', [rich]),
		encodeUpload({ id: 1, path: 'a/b', file, args: encodeInput(['x']) }),
		encodeUpload({
			id: 1,
			path: 'a/b',
			file: { ...file, name: '', type: '', again: true },
			args: encodeInput([rich])
		})
	],
	batch: [
		encodeBatch(true, [{ id: 1, path: 'a/b', args: [] }]),
		encodeBatch(false, [{ id: 1, path: 'a/b', args: [rich] }])
	],
	cancel: [encodeCancel(1)],
	more: [encodeMore(1, 8)],
	subscribe: [
		encodeSubscribe({ id: 1, path: 'a/b', position: null, args: [] }),
		encodeSubscribe({ id: 1, path: 'a/b', position, args: [rich] }),
		encodeSubscribe({ id: 1, path: 'a/b', position, args: ['x'], version: 2 }),
		encodeSubscribe({ id: 1, path: 'a/b', position, args: [rich], version: 2 }),
		encodeSubscribe({ id: 1, path: 'a/b', position, args: [rich], version: 2, since: 's' }),
		encodeSubscribe({ id: 1, path: 'a/b', position, args: ['x'], since: 5 })
	],
	unsubscribe: [encodeUnsubscribe(1)],
	catchup: [encodeCatchup(1, position)],
	ping: [encodePing(1)],
	pong: [encodePong(1)]
} satisfies Record<Exclude<UpMessage['kind'], 'refused' | 'chunk'>, string[]>;

const DOWN = {
	welcome: [encodeWelcome({ version: 1, connectionId: 'c', limits: DEFAULT_LIMITS })],
	goodbye: [
		encodeGoodbye({ code: 'GOING_AWAY', message: 'm', retryAfterMs: 1 }),
		encodeGoodbye({ code: 'GOING_AWAY', message: 'm', retryAfterMs: null })
	],
	result: [encodeResult(1, 'x'), encodeResult(1, undefined), encodeResult(1, rich)],
	error: [
		encodeError(1, new LiveError('CONFLICT', 'm')),
		encodeError(
			1,
			new LiveError('VALIDATION', 'm', { issues: [{ message: 'i', path: ['a', 0] }], retryAfterMs: 1 })
		),
		encodeError(1, new LiveError('CONFLICT', 'm', { data: rich }))
	],
	snapshot: [
		encodeSnapshot({ id: 1, alias: 2, position, merge, events }, encodeValue([{ id: 1 }])),
		encodeSnapshot({ id: 1, alias: 2, position: null, merge, events: [] }, encodeValue(rich)),
		encodeSnapshot({ id: 1, alias: 2, position, merge, events: [encodeListedSkip(2)] }, encodeValue([])),
		encodeSnapshot({ id: 1, alias: 2, position, merge, events, cursor: null }, encodeValue([])),
		encodeSnapshot({ id: 1, alias: 2, position, merge, events, cursor: encodeValue('c') }, encodeValue([])),
		encodeSnapshot({ id: 1, alias: 2, position, merge, events, since: 's' }, encodeValue([]))
	],
	resumed: [
		encodeResumed({ id: 1, alias: 2, position, merge, events }),
		encodeResumed({ id: 1, alias: 2, position, merge, events, since: 5 })
	],
	reset: RESET_REASONS.map((reason) => encodeReset(1, reason)),
	event: [
		encodeEvent(2, 3, encodeEventBody('created', { id: 1 })),
		encodeEvent(2, 0, encodeEventBody('moved', rich)),
		encodeSkip(2, 3)
	],
	heartbeat: [encodeHeartbeat(1, [[2, 3]])],
	pong: [encodePong(1)]
} satisfies Record<DownMessage['kind'], string[]>;

/** What only some clients understand. */
const EXTRA = {
	value: [encodeManyValue(1, 'x'), encodeManyValue(1, rich)],
	wanted: [encodeWanted({ id: 1, from: 0, until: 9 })]
};

const hex = (frame: Uint8Array): string => Buffer.from(frame).toString('hex');

const BINARY_FRAMES = [
	encodeBinaryCall(binaryCallHeader(1, 'a/b', encodeInput(['x'])), new Uint8Array([1, 2])),
	encodeBinaryCall(binaryCallHeader(1, 'a/b', encodeInput([rich])), new Uint8Array()),
	encodeChunk({ id: 1, offset: 5, bytes: new Uint8Array([1, 2]) })
];

/** A frame with each of its bytes changed or left out, and cut short. */
function binaryMutations(frame: Uint8Array): Uint8Array[] {
	return [...frame.keys()].flatMap((index) => [
		...[0, 1, 2, 0x22, 0x2c, 0x5d, 0xff].map((byte) => frame.with(index, byte)),
		frame.slice(0, index),
		new Uint8Array([...frame.slice(0, index), ...frame.slice(index + 1)])
	]);
}

const all = (messages: Record<string, string[]>): string[] => Object.values(messages).flat();

/** What a decoder may meet in the place of a field. */
const PROBES = [
	undefined,
	null,
	true,
	0,
	1,
	-1,
	1.5,
	2 ** 53,
	'',
	'x',
	'x'.repeat(65),
	'x'.repeat(257),
	[],
	[1],
	['e', 1],
	{}
];

/** Every message with one field replaced, left out or added. */
function mutations(message: string): string[] {
	const fields = JSON.parse(message) as unknown[];
	const replaced = fields.flatMap((_, index) => PROBES.map((probe) => fields.with(index, probe)));
	const shortened = fields.map((_, index) => fields.toSpliced(index, 1));
	return [...replaced, ...shortened, [...fields, 1], [...fields, 0]].map((mutation) => JSON.stringify(mutation));
}

/** What a decoder makes of a text: the message, or how it refuses. */
function outcome<Input>(decode: (input: Input) => unknown, text: Input): string {
	try {
		return JSON.stringify(decode(text), (_, value: unknown) => (isLiveError(value) ? value.code : value));
	} catch (error) {
		return isLiveError(error) ? error.code : `an exception: ${String(error)}`;
	}
}

const fingerprint = (facts: unknown): string =>
	createHash('sha256').update(JSON.stringify(facts)).digest('hex').slice(0, 16);

describe('the wire has not changed', () => {
	test('in its version', () => {
		expect({ oldest: OLDEST_VERSION, current: PROTOCOL_VERSION }).toEqual({
			oldest: 1,
			current: FINGERPRINTS.version
		});
	});

	test('in what is written', () => {
		expect(fingerprint([all(UP), all(DOWN), all(EXTRA), BINARY_FRAMES.map(hex)])).toBe(FINGERPRINTS.written);
	});

	test('in what is read and refused', () => {
		const up = all(UP).flatMap((message) =>
			[message, ...mutations(message)].map((text) => outcome((frame) => decodeUp(frame, DEFAULT_LIMITS), text))
		);
		const down = all(DOWN).flatMap((message) =>
			[message, ...mutations(message)].map((text) => outcome(decodeDown, text))
		);
		const extra = [
			...EXTRA.value.flatMap(mutations).map((text) => outcome((one) => [decodeManyValue(one)], JSON.parse(text))),
			...EXTRA.wanted.flatMap(mutations).map((text) => outcome((one) => [decodeWanted(one)], JSON.parse(text)))
		];
		const binary = BINARY_FRAMES.flatMap((frame) => [frame, ...binaryMutations(frame)]).flatMap((frame) => [
			outcome((one) => [decodeBinaryUp(one, DEFAULT_LIMITS)], frame),
			outcome((one) => [readChunk(one)], frame)
		]);
		expect([...up, ...down, ...extra, ...binary].filter((text) => text.startsWith('an exception'))).toEqual([]);
		expect(fingerprint([up, down, extra, binary])).toBe(FINGERPRINTS.read);
	});

	test('in its codes, names and fixed limits', () => {
		const limits = [Object.keys(DEFAULT_LIMITS), FIXED_LIMITS, [...FORBIDDEN_KEYS]];
		expect(fingerprint([ERROR_CODES, MERGE_KINDS, RESET_REASONS, limits, FIRST_VALUES, FIRST_BYTES])).toBe(
			FINGERPRINTS.constants
		);
	});
});
