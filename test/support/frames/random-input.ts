// Random input for receivers of frames: mostly what a client may send, so that much of it is read; sometimes a little wrong,
// and cut anywhere.
import { Random } from '../../../src/testing/random.ts';
import { BINARY, CLOSE, closing, CONTINUATION, frame, PING, PONG, TEXT, type FrameParts } from './frame.ts';
import { receiveByOurs, receiveByWs, type Heard } from './receivers.ts';

/** Small, so that random messages reach it. */
const MAX_BYTES = 400;
const WORDS = [
	'',
	'a',
	'["call",1]',
	'é',
	'☃',
	'🚀',
	'\u{feff}',
	'\0',
	'x'.repeat(60),
	'x'.repeat(130),
	'☃'.repeat(45)
];
const CODES = [0, 999, 1000, 1001, 1004, 1005, 1006, 1014, 1015, 2999, 3000, 4999, 5000];

/** Both receivers on the input of one seed. */
export async function compare(seed: number): Promise<{ ours: Heard; theirs: Heard; pieces: Buffer[] }> {
	const pieces = randomInput(new Random(seed));
	return { pieces, ours: await receiveByOurs(pieces, MAX_BYTES), theirs: await receiveByWs(pieces, MAX_BYTES) };
}

export function slices(bytes: Buffer, size: () => number): Buffer[] {
	const pieces: Buffer[] = [];
	for (let at = 0; at < bytes.length;) {
		const end = at + size();
		pieces.push(bytes.subarray(at, end));
		at = end;
	}
	return pieces;
}

function randomInput(random: Random): Buffer[] {
	const bytes = Buffer.concat(Array.from({ length: random.between(1, 6) }, () => randomMessage(random)).flat());
	if (random.chance(0.15)) flipBit(bytes, random);
	const end = random.chance(0.1) ? random.below(bytes.length + 1) : bytes.length;
	const longest = random.pick([1, 3, 20, 150, 10_000]);
	return slices(bytes.subarray(0, end), () => random.between(1, longest));
}

function flipBit(bytes: Buffer, random: Random): void {
	const at = random.below(bytes.length);
	bytes[at] = (bytes[at] ?? 0) ^ (1 << random.below(8));
}

/** The frames of one message, with control frames between them. */
function randomMessage(random: Random): Buffer[] {
	if (random.chance(0.1)) return [randomControl(random)];
	const kind = random.pick([TEXT, TEXT, BINARY]);
	const pieces = slices(randomPayload(random), () => (random.chance(0.6) ? MAX_BYTES : random.below(40)));
	if (pieces.length === 0) pieces.push(Buffer.alloc(0));
	return pieces.flatMap((payload, index) => {
		const opcode = index === 0 ? kind : CONTINUATION;
		const data = randomFrame({ opcode, payload, final: index === pieces.length - 1 }, random);
		return random.chance(0.1) ? [data, randomControl(random)] : [data];
	});
}

function randomPayload(random: Random): Buffer {
	const words = Array.from({ length: random.below(4) }, () => Buffer.from(random.pick(WORDS)));
	if (random.chance(0.03)) words.push(Buffer.from([random.below(256), random.below(256)]));
	return Buffer.concat(words);
}

function randomControl(random: Random): Buffer {
	if (random.chance(0.15)) return random.chance(0.3) ? frame({ opcode: CLOSE }) : randomClose(random);
	return randomFrame({ opcode: random.pick([PING, PONG]), payload: randomPayload(random) }, random);
}

function randomClose(random: Random): Buffer {
	return closing(random.chance(0.5) ? random.pick(CODES) : 1000, randomPayload(random).subarray(0, 123));
}

/** Now and then in a form that is unusual, or not allowed. */
function randomFrame(parts: FrameParts, random: Random): Buffer {
	const odd: FrameParts = { ...parts, mask: Array.from({ length: 4 }, () => random.below(256)) };
	if (random.chance(0.05)) odd.lengthBits = random.pick([16, 64]);
	if (random.chance(0.01)) odd.mask = null;
	if (random.chance(0.01)) odd.reserved = random.below(8);
	if (random.chance(0.01)) odd.opcode = random.below(16);
	if (random.chance(0.01)) odd.final = random.chance(0.5);
	if (random.chance(0.01)) odd.length = BigInt(random.below(2 ** 32)) << BigInt(random.below(32));
	return frame(odd);
}
