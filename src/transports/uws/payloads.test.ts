import { expect, test } from 'vitest';
import { Frame } from '../../server/frame.ts';
import { Payloads } from './payloads.ts';

const textOf = (payload: string | Uint8Array): string => Buffer.from(payload as string).toString();

test('a frame is a text for its first socket, and the same bytes for all others', () => {
	const payloads = new Payloads();
	const frame = new Frame('["ü"]');
	expect(payloads.of([frame])).toBe('["ü"]');
	const second = payloads.of([frame]);
	expect(textOf(second)).toBe('["ü"]');
	expect(payloads.of([frame])).toBe(second);
});

test('frames are joined by line ends, whoever has sent them before', () => {
	const payloads = new Payloads();
	const [ascii, wide, lone, empty] = ['["a"]', '["ü✓"]', '["\ud800"]', ''].map((text) => new Frame(text)) as [
		Frame,
		Frame,
		Frame,
		Frame
	];
	const lists = [
		[ascii, wide],
		[wide, ascii, wide],
		[ascii],
		[lone, ascii],
		[ascii, empty, wide],
		[wide],
		[wide, lone]
	];
	for (const frames of [...lists, ...lists]) {
		const expected = Buffer.from(frames.map(({ text }) => text).join('\n')).toString();
		expect(textOf(payloads.of(frames))).toBe(expected);
	}
});

test('a message of any length is whole', () => {
	const payloads = new Payloads();
	for (const length of [0, 1, 65_534, 65_535, 65_536, 200_000]) {
		const frames = [new Frame('é'.repeat(length >> 1)), new Frame('x'.repeat(length))];
		for (let time = 0; time < 3; time++) {
			expect(textOf(payloads.of(frames))).toBe(`${frames[0]?.text}\n${frames[1]?.text}`);
		}
	}
});

test('bytes that another transport keeps in a frame are not sent', () => {
	const payloads = new Payloads();
	const frame = new Frame('mine');
	for (let time = 0; time < 3; time++) {
		frame.encoded = Buffer.from('framed by another');
		expect(textOf(payloads.of([frame]))).toBe('mine');
		expect(textOf(payloads.of([frame, frame]))).toBe('mine\nmine');
	}
});
