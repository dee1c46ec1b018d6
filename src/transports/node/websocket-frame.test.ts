import { describe, expect, test } from 'vitest';
import { Frame } from '../../server/frame.ts';
import { outputOf, type Output } from './websocket-frame.ts';

const bytesOf = ({ data, encoding }: Output): Buffer => (typeof data === 'string' ? Buffer.from(data, encoding) : data);

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
		expect(typeof first.data, 'an answer to one costs no buffer').toBe('string');
		expect(Buffer.isBuffer(second.data)).toBe(true);
		expect(third.data).toBe(second.data);
		expect(bytesOf(second)).toEqual(bytesOf(first));
	});
});
