import { expect, test } from 'vitest';
import { turned, unmask } from './mask.ts';

const MASK = [0x80, 0x01, 0xfe, 0xc3];
const NUMBER = Buffer.from(MASK).readInt32LE();
const masked = (bytes: Buffer): Buffer => bytes.map((byte, index) => byte ^ (MASK[index % 4] ?? 0)) as Buffer;

test('every length is unmasked at every place, and nothing beside it', () => {
	for (let length = 0; length < 300; length++) {
		const payload = Buffer.from(Array.from({ length }, (_, index) => (index * 7) & 0xff));
		const from = length % 9;
		const around = Buffer.concat([Buffer.alloc(from, 1), masked(payload), Buffer.alloc(5, 2)]);
		unmask(around, NUMBER, from, from + length);
		const expected = Buffer.concat([Buffer.alloc(from, 1), payload, Buffer.alloc(5, 2)]);
		expect(around.equals(expected), `${length} bytes from ${from}`).toBe(true);
	}
});

test('a payload goes on where it was cut', () => {
	for (let cut = 0; cut < 200; cut++) {
		const bytes = masked(Buffer.alloc(400, 'tide'));
		unmask(bytes, NUMBER, 0, cut);
		unmask(bytes, turned(NUMBER, cut), cut, bytes.length);
		expect(bytes.toString(), `cut at ${cut}`).toBe('tide'.repeat(100));
	}
});

test('one byte beyond ASCII is noticed wherever it is', () => {
	for (const length of [1, 4, 7, 127, 128, 300]) {
		expect(unmask(masked(Buffer.alloc(length, 'x')), NUMBER, 0, length)).toBeLessThan(0x80);
		for (let at = 0; at < length; at++) {
			const bytes = Buffer.alloc(length, 'x');
			bytes[at] = 0x80;
			expect(unmask(masked(bytes), NUMBER, 0, length), `byte ${at} of ${length}`).toBeGreaterThanOrEqual(0x80);
		}
	}
});
