import { describe, expect, test } from 'vitest';
import { CASES, MAX_BYTES } from '../../../test/support/frames/cases.ts';
import { fragments, text, TEXT } from '../../../test/support/frames/frame.ts';
import { receiveByOurs, receiveByWs } from '../../../test/support/frames/receivers.ts';
import { compare, slices } from '../../../test/support/frames/random-input.ts';
import { FrameReader } from './frame-reader.ts';

describe.each([
	['ours', receiveByOurs],
	['that of ws', receiveByWs]
])('a receiver of frames (%s) hears', (_, receive) => {
	test.each(CASES)('$title', async ({ frames, heard }) => {
		const bytes = Buffer.concat(frames);
		expect(await receive([bytes], MAX_BYTES), 'in one piece').toEqual(heard);
		expect(await receive(frames, MAX_BYTES), 'frame by frame').toEqual(heard);
		const [byBytes, bySevens] = [slices(bytes, () => (bytes.length < 2_000 ? 1 : 1_000)), slices(bytes, () => 7)];
		expect(await receive(byBytes, MAX_BYTES), 'byte by byte').toEqual(heard);
		expect(await receive(bySevens, MAX_BYTES), 'in pieces of 7').toEqual(heard);
	});
});

/** `npm run fuzz` takes a million others. */
const RANDOM_INPUTS = 2_000;

test('of random input, ours hears what that of ws hears', async () => {
	const ends = new Set<string>();
	for (let seed = 0; seed < RANDOM_INPUTS; seed++) {
		const { ours, theirs } = await compare(seed);
		expect(ours, `seed ${seed}`).toEqual(theirs);
		ends.add(ours.at(-1)?.split(' ', 2).join(' ') ?? 'nothing');
	}
	// The input is random enough to end in all ways.
	for (const end of ['violation 1002', 'violation 1007', 'violation 1009', 'close 1000', 'close 1005', 'nothing']) {
		expect(ends).toContain(end);
	}
});

describe('what is kept of an unfinished message', () => {
	const sink = { onMessage() {}, onPing() {}, onPong() {}, onCloseFrame() {}, onViolation() {} };

	test('is what came, not what was announced', () => {
		const before = process.memoryUsage().arrayBuffers;
		const readers = Array.from({ length: 1_000 }, () => new FrameReader(MAX_BYTES));
		const begun = text('x'.repeat(60_000)).subarray(0, 20);
		for (const reader of readers) reader.read(Buffer.from(begun), sink);
		expect(readers.some((reader) => reader.isIdle)).toBe(false);
		expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(1_000 * 1_000);
	});

	test('is nothing of fragments that are empty, and nothing at all of a message that has ended', () => {
		const reader = new FrameReader(MAX_BYTES);
		const [first, middle, last] = fragments(TEXT, 'a', '', 'b') as [Buffer, Buffer, Buffer];
		reader.read(first, sink);
		const many = Buffer.concat(Array.from({ length: 100_000 }, () => middle));
		const before = process.memoryUsage().arrayBuffers;
		reader.read(many, sink);
		expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(10_000);
		expect(reader.isIdle).toBe(false);
		reader.read(last, sink);
		expect(reader.isIdle).toBe(true);
	});
});
