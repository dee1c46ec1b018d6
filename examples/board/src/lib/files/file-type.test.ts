import { expect, test } from 'vitest';
import { FileType } from './file-type.ts';

function typeOf(...pieces: (string | number[])[]): string | undefined {
	const type = new FileType();
	for (const piece of pieces) {
		const bytes = typeof piece === 'string' ? new TextEncoder().encode(piece) : Uint8Array.from(piece);
		if (!type.take(bytes)) return undefined;
	}
	return type.end();
}

const PNG = [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a, 0, 0, 0, 13];

test('images and PDFs are known by how they begin', () => {
	expect(typeOf(PNG)).toBe('image/png');
	expect(typeOf([0xff, 0xd8, 0xff, 0xe0])).toBe('image/jpeg');
	expect(typeOf('GIF89a')).toBe('image/gif');
	expect(typeOf('RIFF', [1, 2, 3, 4], 'WEBPVP8 ')).toBe('image/webp');
	expect(typeOf('%PDF-1.7\n', [0xe2, 0xe3, 0xcf, 0xd3])).toBe('application/pdf');
});

test('a file is known also where it comes byte by byte', () => {
	expect(typeOf(...PNG.map((byte) => [byte]))).toBe('image/png');
	expect(typeOf(...Array.from(new TextEncoder().encode('Grüße, 漢字'), (byte) => [byte]))).toBe('text/plain');
});

test('text is what is valid as text, whatever it says', () => {
	expect(typeOf('# Notes\r\n\tWrite *more*.')).toBe('text/plain');
	expect(typeOf('<script>alert(1)</script>')).toBe('text/plain');
	expect(typeOf()).toBe('text/plain');
});

test('anything else is nothing that can be attached', () => {
	expect(typeOf('MZ', [0x90, 0, 3, 0, 0, 0, 4, 0, 0, 0])).toBeUndefined();
	expect(typeOf('PK', [3, 4, 0x14, 0, 6, 0, 8, 0, 0, 0])).toBeUndefined();
	expect(typeOf('RIFF', [1, 2, 3, 4], 'WAVEfmt ')).toBeUndefined();
	expect(typeOf('fine at first, and then ', [0xff, 0xfe])).toBeUndefined();
	expect(typeOf('a zero ', [0])).toBeUndefined();
	expect(typeOf('cut in the middle of a letter ', [0xe2, 0x82])).toBeUndefined();
});

test('what cannot be attached is known before all of it has come', () => {
	const type = new FileType();
	expect(type.take(new Uint8Array(4))).toBe(true);
	expect(type.take(new Uint8Array(8))).toBe(false);
});
