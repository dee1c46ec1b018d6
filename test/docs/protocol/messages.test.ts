// PROTOCOL.md against src/protocol: every message in it is read and written again, every table is the code's own.
import { runInThisContext } from 'node:vm';
import { describe, expect, test } from 'vitest';
import { assertNever } from '../../../src/base/assert.ts';
import { ERROR_CODES, type TidewireCode } from '../../../src/base/errors.ts';
import { MERGE_KINDS, type MergeSpec } from '../../../src/base/merge.ts';
import { View } from '../../../src/client/view.ts';
import {
	encodeBatch,
	encodeCall,
	encodeCancel,
	encodeError,
	encodeKeyedCall,
	encodeResult,
	encodeVolatile,
	type Call
} from '../../../src/protocol/call.ts';
import {
	binaryCallHeader,
	decodeBinaryUp,
	encodeBinaryCall,
	encodeChunk,
	readChunk
} from '../../../src/protocol/binary.ts';
import { decodeDown, type DownMessage } from '../../../src/protocol/down.ts';
import { encodeGoodbye, encodeHello, encodeWelcome } from '../../../src/protocol/handshake.ts';
import { encodeHeartbeat, encodePing, encodePong } from '../../../src/protocol/heartbeat.ts';
import { DEFAULT_LIMITS, FIXED_LIMITS } from '../../../src/protocol/limits.ts';
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
	RESET_REASONS,
	type Resumed,
	type Snapshot,
	type StreamEvent
} from '../../../src/protocol/stream.ts';
import { decodeWanted, encodeUpload, encodeWanted } from '../../../src/protocol/upload.ts';
import { decodeManyValue, encodeManyValue, encodeMore } from '../../../src/protocol/values.ts';
import { decodeUp, type UpMessage } from '../../../src/protocol/up.ts';
import { decodeValue, encodeInput, encodeValue } from '../../../src/protocol/value.ts';
import { PROTOCOL_VERSION } from '../../../src/protocol/version.ts';
import type { Message } from '../../../src/protocol/fields.ts';
import { blocksOf, readDocument, tableWith } from '../markdown.ts';
import { frameOf, textOfBinary } from './scene.ts';

const document = readDocument('PROTOCOL.md');
const blocks = blocksOf(document);
const lines = (info: string): string[] =>
	blocks.filter((block) => block.info === info).flatMap((block) => block.text.split('\n'));

const body = ({ event, data }: StreamEvent): string => encodeEventBody(event, data);
const listed = (events: StreamEvent[]): string[] =>
	events.map((event) =>
		event.event ? encodeListedEvent(event.offset, body(event)) : encodeListedSkip(event.offset)
	);
const parts = (message: Snapshot | Resumed) => ({ ...message, events: listed(message.events) });

function encodeAnyCall({ id, path, args, key, file, bytes, silent }: Call): string {
	if (file) return encodeUpload({ id, path, file, args: encodeInput(args) });
	if (silent) return encodeVolatile(id, path, args);
	if (bytes) return textOfBinary(encodeBinaryCall(binaryCallHeader(id, path, encodeInput(args)), bytes));
	return key === undefined ? encodeCall(id, path, args) : encodeKeyedCall({ id, path, args, key });
}

function encodeUp(message: UpMessage): string {
	switch (message.kind) {
		case 'hello':
			return encodeHello(message.version);
		case 'call':
			return encodeAnyCall(message);
		case 'batch':
			return encodeBatch(
				message.sequential,
				message.calls.filter((call) => call.kind === 'call')
			);
		case 'cancel':
			return encodeCancel(message.id);
		case 'more':
			return encodeMore(message.id, message.count);
		case 'chunk':
			return textOfBinary(encodeChunk(message));
		case 'subscribe':
			return encodeSubscribe(message);
		case 'unsubscribe':
			return encodeUnsubscribe(message.id);
		case 'catchup':
			return encodeCatchup(message.id, message.position);
		case 'ping':
			return encodePing(message.beat);
		case 'pong':
			return encodePong(message.beat);
		case 'refused':
			throw message.error;
		default:
			return assertNever(message);
	}
}

/** What only clients understand that use it, with what writes it again. */
const EXTRAS = new Map<string, (message: Message) => string>([
	['value', (message) => encodeManyValue(decodeManyValue(message).id, decodeManyValue(message).value)],
	['wanted', (message) => encodeWanted(decodeWanted(message))]
]);

function readDown(line: string): string[] {
	const extra = EXTRAS.get(kindOf(line));
	return extra ? [extra(JSON.parse(line) as Message)] : decodeDown(line).map(encodeDown);
}

function encodeDown(message: DownMessage): string {
	switch (message.kind) {
		case 'welcome':
			return encodeWelcome(message);
		case 'goodbye':
			return encodeGoodbye(message);
		case 'result':
			return encodeResult(message.id, message.value);
		case 'error':
			return encodeError(message.id, message.error);
		case 'snapshot':
			return encodeSnapshot(parts(message), encodeValue(message.value));
		case 'resumed':
			return encodeResumed({ ...parts(message), position: message.position });
		case 'reset':
			return encodeReset(message.id, message.reason);
		case 'event':
			return message.event
				? encodeEvent(message.alias, message.offset, body(message))
				: encodeSkip(message.alias, message.offset);
		case 'heartbeat':
			return encodeHeartbeat(message.beat, message.heads);
		case 'pong':
			return encodePong(message.beat);
		default:
			return assertNever(message);
	}
}

const KINDS_UP = {
	hello: true,
	call: true,
	batch: true,
	cancel: true,
	volatile: true,
	upload: true,
	more: true,
	subscribe: true,
	unsubscribe: true,
	catchup: true,
	ping: true,
	pong: true
} satisfies Record<Exclude<UpMessage['kind'], 'refused' | 'chunk'> | 'volatile' | 'upload', true>;

const KINDS_DOWN = {
	welcome: true,
	goodbye: true,
	result: true,
	error: true,
	snapshot: true,
	resumed: true,
	reset: true,
	event: true,
	heartbeat: true,
	pong: true,
	value: true,
	wanted: true
} satisfies Record<DownMessage['kind'] | 'value' | 'wanted', true>;

const kindOf = (line: string): string => (JSON.parse(line) as [string])[0];

describe('every message in PROTOCOL.md', () => {
	test.each(lines('json up'))('of the client is read, and written again as it stands: %s', (line) => {
		expect(decodeUp(line, DEFAULT_LIMITS).map(encodeUp)).toEqual([line]);
	});

	test.each(lines('json down'))('of the server is read, and written again as it stands: %s', (line) => {
		expect(readDown(line)).toEqual([line]);
	});

	test.each(lines('binary up'))('of the client in bytes is read, and written again as it stands: %s', (line) => {
		expect(encodeUp(decodeBinaryUp(frameOf(line) as Uint8Array, DEFAULT_LIMITS))).toBe(line);
	});

	test.each(lines('binary down'))('of the server in bytes is read, and written again as it stands: %s', (line) => {
		expect(textOfBinary(encodeChunk(readChunk(frameOf(line) as Uint8Array)))).toBe(line);
	});

	test('binary frames are what their example in hexadecimal says', () => {
		const [, written, digits] = /^\| `(0x01 .*)` \| `([0-9a-f ]+)` \|$/m.exec(document)!;
		expect(Buffer.from(frameOf(written!)).toString('hex')).toBe(digits!.replaceAll(' ', ''));
	});

	test('there is an example of each kind', () => {
		expect(new Set(lines('json up').map(kindOf))).toEqual(new Set(Object.keys(KINDS_UP)));
		expect(new Set(lines('json down').map(kindOf))).toEqual(new Set(Object.keys(KINDS_DOWN)));
	});

	test('and each has a section with its shape', () => {
		for (const kind of [...Object.keys(KINDS_UP), ...Object.keys(KINDS_DOWN)]) {
			expect(document).toMatch(new RegExp(`^### ${kind}\n\n\`\\["${kind}",`, 'm'));
		}
	});

	test('the version is that of the code', () => {
		expect(document).toContain(`# The tidewire protocol, version ${PROTOCOL_VERSION}\n`);
		expect(lines('json up')).toContain(encodeHello(PROTOCOL_VERSION));
	});
});

describe('values', () => {
	const { rows } = tableWith(document, /flattened form/, ['value, in JavaScript', 'on the wire']);

	test.each(rows)('$["value, in JavaScript"] is $["on the wire"]', (row) => {
		// In parentheses: an object literal is no block then. The expressions are those of our own document.
		const value: unknown = runInThisContext(`(${row['value, in JavaScript']})`);
		const text = row['on the wire']!;
		expect(encodeValue(value)).toBe(text);
		expect(decodeValue(JSON.parse(`[${text}]`) as unknown[], 0)).toEqual(value);
	});

	test.each(tableWith(document, /flattened form/, ['constant', 'stands for']).rows)(
		'the constant $constant is read',
		(row) => {
			expect(() => decodeValue(JSON.parse(`[[[${row['constant']}]],1]`) as unknown[], 0)).not.toThrow();
		}
	);

	test('no constant is left out', () => {
		expect(() => decodeValue([[[-7]], 1], 0)).toThrow('no constant');
		expect(() => decodeValue([[[-8]], 1], 0)).toThrow('no constant');
	});

	const typedArrays = /The types of typed arrays are ([^.]*),/.exec(document)![1]!.matchAll(/`(\w+)`/g);

	test.each([...typedArrays].map(([, name]) => name!))('%s is read', (name) => {
		const value = decodeValue(
			[
				[
					[name, 1],
					['ArrayBuffer', 'AAAAAAAAAAA=']
				],
				1
			],
			0
		);
		expect((value as object).constructor.name).toBe(name);
	});
});

describe('merge rules', () => {
	const table = tableWith(document, /merge into a value/, ['merge', 'value', 'event', 'becomes']);

	test.each(table.rows)('$merge $value + $event = $becomes', (row) => {
		const [kind, key, prepend, max] = JSON.parse(row['merge']!) as [MergeSpec['kind'], string, number, number];
		const [, event, data] = /^(%?\w+) (.*)$/.exec(row['event']!)!;
		const view = new View();
		view.load(JSON.parse(row['value']!), { kind, key, prepend: prepend === 1, max });
		view.apply(event!, JSON.parse(data!));
		expect(view.value).toEqual(JSON.parse(row['becomes']!));
	});

	test('every kind is described and tried', () => {
		const described = tableWith(document, /merge into a value/, ['kind', 'value', 'event', 'effect']);
		expect(described.rows.map(({ kind }) => kind).filter(Boolean)).toEqual([...MERGE_KINDS]);
		const tried = table.rows.map((row) => (JSON.parse(row['merge']!) as string[])[0]);
		expect(new Set(tried)).toEqual(new Set(MERGE_KINDS));
	});
});

describe('tables', () => {
	test('the codes are those of the code', () => {
		const { rows } = tableWith(document, /Errors and close codes/, ['code', 'retryable', 'close code', 'means']);
		const facts = (code: TidewireCode): { retryable: boolean; closeCode?: number } => ERROR_CODES[code];
		expect(rows.map((row) => [row['code'], row['retryable'], row['close code']])).toEqual(
			(Object.keys(ERROR_CODES) as TidewireCode[]).map((code) => [
				code,
				facts(code).retryable ? 'yes' : 'no',
				String(facts(code).closeCode ?? '')
			])
		);
	});

	test('the limits are those of the code', () => {
		const options = tableWith(document, /Limits/, ['limit', 'default', 'bounds', 'beyond it']);
		expect(numbers(options.rows, 'default')).toEqual(DEFAULT_LIMITS);
		expect(numbers(tableWith(document, /Limits/, ['limit', 'value', 'bounds']).rows, 'value')).toEqual(
			FIXED_LIMITS
		);
	});

	test('the reasons of a reset are those of the code', () => {
		const { rows } = tableWith(document, /^reset$/, ['reason', 'because']);
		expect(rows.map(({ reason }) => reason)).toEqual([...RESET_REASONS]);
	});
});

function numbers(rows: Record<string, string>[], column: string): Record<string, number> {
	return Object.fromEntries(rows.map((row) => [row['limit']!, Number(row[column])]));
}
