import { describe, expect, test } from 'vitest';
import { Frame } from '../../server/frame.ts';
import { Outputs, type Output } from './websocket-frame.ts';

const outputOf = (frames: Frame[]): Output => new Outputs().of(frames);
const bytesOf = (output: Output): Buffer => (typeof output === 'string' ? Buffer.from(output, 'latin1') : output);

describe('what is written for messages', () => {
	test('is one unmasked final text frame', () => {
		expect([...bytesOf(outputOf([new Frame('ab')]))]).toEqual([0x81, 2, 0x61, 0x62]);
		expect([...bytesOf(outputOf([new Frame('a'), new Frame('é')]))]).toEqual([0x81, 4, 0x61, 0x0a, 0xc3, 0xa9]);
	});

	test.each([
		[125, [0x81, 125]],
		[126, [0x81, 126, 0, 126]],
		[65_535, [0x81, 126, 0xff, 0xff]],
		[65_536, [0x81, 127, 0, 0, 0, 0, 0, 1, 0, 0]]
	])('has the length of %i bytes in its header', (length, header) => {
		for (const text of ['x'.repeat(length), `é${'x'.repeat(length - 2)}`]) {
			const bytes = bytesOf(outputOf([new Frame(text)]));
			expect([...bytes.subarray(0, header.length)]).toEqual(header);
			expect(bytes.subarray(header.length).toString()).toBe(text);
		}
	});

	test('is made into bytes once, for a frame that goes to many', () => {
		const frame = new Frame('["event"]');
		const [first, second, third] = [outputOf([frame]), outputOf([frame]), outputOf([frame])];
		expect(typeof first, 'an answer to one costs no buffer').toBe('string');
		expect(Buffer.isBuffer(second)).toBe(true);
		expect(third).toBe(second);
		expect(bytesOf(second)).toEqual(bytesOf(first));
	});

	test('is joined once for all sockets in a row that send the same', () => {
		const outputs = new Outputs();
		const [a, b, wide] = [new Frame('a'), new Frame('b'), new Frame('é')];
		for (const frames of [
			[a, b],
			[a, wide]
		]) {
			const [first, second, third] = [outputs.of(frames), outputs.of([...frames]), outputs.of([...frames])];
			expect(Buffer.isBuffer(second)).toBe(true);
			expect(third).toBe(second);
			expect(bytesOf(second)).toEqual(bytesOf(first));
		}
	});

	test('is never what another socket sends', () => {
		const outputs = new Outputs();
		const [a, b, c] = [new Frame('a'), new Frame('b'), new Frame('c')];
		for (const frames of [[a, b], [a, b], [b, a], [a], [a, b, c], [a, b], [a, b, c]]) {
			expect(bytesOf(outputs.of(frames))).toEqual(bytesOf(outputOf(frames)));
		}
	});

	test('is not kept where it is long', () => {
		const outputs = new Outputs();
		const long = [new Frame('x'.repeat(70_000)), new Frame('y')];
		const many = Array.from({ length: 65 }, () => new Frame('z'));
		for (const frames of [long, many]) {
			outputs.of(frames);
			expect(typeof outputs.of(frames), 'made again').toBe('string');
		}
	});
});
