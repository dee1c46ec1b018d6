// What a server must hear of frames, whoever receives them.
import { BINARY, CLOSE, closing, CONTINUATION, fragments, frame, PING, PONG, text, TEXT } from './frame.ts';
import type { Heard } from './receivers.ts';

export interface FrameCase {
	title: string;
	frames: Buffer[];
	heard: Heard;
}

/** Of a message's payload, in all cases. */
export const MAX_BYTES = 70_000;

const GOOD_CODES = [1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 1014, 3000, 3999, 4000, 4999];
const BAD_CODES = [0, 1, 999, 1004, 1005, 1006, 1015, 1016, 1100, 1999, 2000, 2999, 5000, 65_535];
const SNOWMAN = Buffer.from('☃');
const ROCKET = Buffer.from('🚀');
/** RFC 3629: overlong forms, surrogates, beyond U+10FFFF, bytes alone, and sequences that stop. */
const BAD_TEXT = [
	'c0af',
	'e08080',
	'f0808080',
	'eda080',
	'edbfbf',
	'f4908080',
	'f5808080',
	'fe',
	'80',
	'c3',
	'e298',
	'f09f9a'
];

const violation = (title: string, ...frames: Buffer[]): FrameCase => ({ title, frames, heard: ['violation 1002'] });
const ping = (payload: string | Buffer): string => `ping ${Buffer.from(payload).toString('hex')}`;
/** Behind it, nothing must be heard. */
const AFTER = text('after');

export const CASES: FrameCase[] = [
	...[
		'',
		'x',
		'Grüße ☃ 🚀',
		'\u{feff}bom',
		'a\0b',
		'x'.repeat(125),
		'x'.repeat(126),
		'é'.repeat(200),
		'x'.repeat(65_536)
	].map((payload): FrameCase => ({
		title: `a text of ${Buffer.byteLength(payload)} bytes, beginning with ${JSON.stringify(payload.slice(0, 3))}`,
		frames: [text(payload), text('next')],
		heard: [`text ${payload}`, 'text next']
	})),
	{
		title: 'bytes, also none',
		frames: [frame({ opcode: BINARY, payload: Buffer.from([0, 255, 128]) }), frame({ opcode: BINARY })],
		heard: ['binary 00ff80', 'binary ']
	},
	{
		title: 'a mask of zeros, and one that ends in the sign bit',
		frames: [
			frame({ opcode: TEXT, payload: 'zeros', mask: [0, 0, 0, 0] }),
			frame({ opcode: TEXT, payload: 'ones'.repeat(50), mask: [255, 255, 255, 255] })
		],
		heard: ['text zeros', `text ${'ones'.repeat(50)}`]
	},
	...([16, 64] as const).map((lengthBits): FrameCase => ({
		title: `a length of ${lengthBits} bits that would fit into 7`,
		frames: [frame({ opcode: TEXT, payload: 'abc', lengthBits }), frame({ opcode: TEXT, lengthBits })],
		heard: ['text abc', 'text ']
	})),
	violation('a ping with a length of 16 bits', frame({ opcode: PING, payload: 'abc', lengthBits: 16 }), AFTER),
	...fragmentCases(),
	...controlCases(),
	...textCases(),
	...limitCases(),
	...flagCases(),
	...closeCases()
];

function fragmentCases(): FrameCase[] {
	return [
		{
			title: 'a message in fragments, of which some are empty',
			frames: [
				...fragments(TEXT, '', 'ab', '', 'cd', ''),
				...fragments(BINARY, 'x', ''),
				...fragments(TEXT, '', '')
			],
			heard: ['text abcd', 'binary 78', 'text ']
		},
		{
			title: 'control frames between fragments, which they do not disturb',
			frames: [
				frame({ opcode: TEXT, payload: 'a', final: false }),
				frame({ opcode: PING, payload: 'é' }),
				frame({ opcode: CONTINUATION, payload: 'b', final: false }),
				frame({ opcode: PONG, payload: 'unasked' }),
				frame({ opcode: CONTINUATION, payload: 'c' })
			],
			heard: [ping('é'), 'text abc']
		},
		{
			title: 'a close between fragments, which ends the message unheard',
			frames: [frame({ opcode: TEXT, payload: 'a', final: false }), closing(1000), AFTER],
			heard: ['close 1000 ']
		},
		violation('a continuation of nothing', frame({ opcode: CONTINUATION, payload: 'x' }), AFTER),
		{
			title: 'a continuation of a message that has ended',
			frames: [...fragments(TEXT, 'a', 'b'), frame({ opcode: CONTINUATION, payload: 'c' }), AFTER],
			heard: ['text ab', 'violation 1002']
		},
		violation('a text within a message', frame({ opcode: TEXT, payload: 'a', final: false }), text('b'), AFTER),
		violation('bytes within a text', frame({ opcode: TEXT, final: false }), frame({ opcode: BINARY }), AFTER)
	];
}

function controlCases(): FrameCase[] {
	return [
		{
			title: 'pings and pongs with up to 125 bytes',
			frames: [
				frame({ opcode: PING }),
				frame({ opcode: PING, payload: 'x'.repeat(125) }),
				frame({ opcode: PONG, payload: 'x'.repeat(125) })
			],
			heard: [ping(''), ping('x'.repeat(125))]
		},
		...[CLOSE, PING, PONG].flatMap((opcode) => [
			violation(`a control frame ${opcode} of 126 bytes`, frame({ opcode, payload: 'x'.repeat(126) }), AFTER),
			violation(`a control frame ${opcode} in fragments`, frame({ opcode, payload: 'xx', final: false }), AFTER)
		])
	];
}

function textCases(): FrameCase[] {
	const split = [SNOWMAN.subarray(0, 1), SNOWMAN.subarray(1), ROCKET.subarray(0, 2), ROCKET.subarray(2)];
	return [
		{ title: 'characters that are cut by fragments', frames: fragments(TEXT, ...split), heard: ['text ☃🚀'] },
		...BAD_TEXT.map((hex) => Buffer.from(hex, 'hex')).flatMap((bytes): FrameCase[] => [
			{
				title: `a text with ${bytes.toString('hex')}`,
				frames: [text('good'), text(Buffer.concat([Buffer.from('a'), bytes])), AFTER],
				heard: ['text good', 'violation 1007']
			},
			{
				title: `a text with ${bytes.toString('hex')} over fragments`,
				frames: [...fragments(TEXT, bytes.subarray(0, 1), bytes.subarray(1)), AFTER],
				heard: ['violation 1007']
			},
			{
				title: `bytes with ${bytes.toString('hex')}, which need be no text`,
				frames: [frame({ opcode: BINARY, payload: bytes })],
				heard: [`binary ${bytes.toString('hex')}`]
			},
			{
				title: `a close with the reason ${bytes.toString('hex')}`,
				frames: [closing(1000, bytes), AFTER],
				heard: ['violation 1007']
			}
		])
	];
}

function limitCases(): FrameCase[] {
	const tooBig = (title: string, ...frames: Buffer[]): FrameCase => ({ title, frames, heard: ['violation 1009'] });
	return [
		{
			title: 'a message of as many bytes as may be',
			frames: [text('x'.repeat(MAX_BYTES)), ...fragments(TEXT, 'x'.repeat(MAX_BYTES - 1), 'x'), text('next')],
			heard: [`text ${'x'.repeat(MAX_BYTES)}`, `text ${'x'.repeat(MAX_BYTES)}`, 'text next']
		},
		tooBig('a message of one byte more', text('x'.repeat(MAX_BYTES + 1)), AFTER),
		tooBig('a message of one byte more, over fragments', ...fragments(TEXT, 'x'.repeat(MAX_BYTES), 'x'), AFTER),
		tooBig('a header that announces too much, and nothing behind it', frame({ opcode: TEXT, length: 70_001n })),
		tooBig('a header that announces more than there is', frame({ opcode: TEXT, length: 2n ** 53n })),
		tooBig('a header that announces all bits', frame({ opcode: BINARY, length: 2n ** 64n - 1n })),
		{
			title: 'a ping within a message that is full',
			frames: [
				frame({ opcode: TEXT, payload: 'x'.repeat(MAX_BYTES), final: false }),
				frame({ opcode: PING, payload: 'p' }),
				frame({ opcode: CONTINUATION })
			],
			heard: [ping('p'), `text ${'x'.repeat(MAX_BYTES)}`]
		}
	];
}

function flagCases(): FrameCase[] {
	const opcodes = [CONTINUATION, TEXT, BINARY, CLOSE, PING, PONG];
	return [
		...opcodes.flatMap((opcode) => [
			violation(`a frame ${opcode} without a mask`, frame({ opcode, payload: 'xx', mask: null }), AFTER),
			...[1, 2, 4, 7].map((reserved) =>
				violation(`a frame ${opcode} with the reserved bits ${reserved}`, frame({ opcode, reserved }), AFTER)
			)
		]),
		...[3, 4, 5, 6, 7, 11, 12, 13, 14, 15].flatMap((opcode) => [
			violation(`a frame of the unknown kind ${opcode}`, frame({ opcode }), AFTER),
			violation(`a fragment of the unknown kind ${opcode}`, frame({ opcode, final: false }), AFTER)
		])
	];
}

function closeCases(): FrameCase[] {
	return [
		{ title: 'a close without a code', frames: [frame({ opcode: CLOSE }), AFTER], heard: ['close 1005 '] },
		violation('a close with half a code', frame({ opcode: CLOSE, payload: 'x' }), AFTER),
		...GOOD_CODES.map((code): FrameCase => ({
			title: `a close with ${code}`,
			frames: [text('before'), closing(code, 'Grüße'), AFTER],
			heard: ['text before', `close ${code} Grüße`]
		})),
		...BAD_CODES.map((code) => violation(`a close with ${code}`, closing(code), AFTER)),
		{
			title: 'a close with the longest reason',
			frames: [closing(4000, 'x'.repeat(123)), closing(4001)],
			heard: [`close 4000 ${'x'.repeat(123)}`]
		}
	];
}
