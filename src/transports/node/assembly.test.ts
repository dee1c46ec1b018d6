import { expect, test } from 'vitest';
import { Assembly } from './assembly.ts';

test('pieces are joined in order, and none is kept', () => {
	const assembly = new Assembly();
	const piece = Buffer.from('ab');
	assembly.append(piece);
	piece.fill(0);
	assembly.append(Buffer.alloc(0));
	assembly.append(Buffer.from('c'.repeat(1_000)));
	expect(assembly.joined.toString()).toBe(`ab${'c'.repeat(1_000)}`);
});

test('takes at most twice what came, and moves it a few times only, however small the pieces', () => {
	const assembly = new Assembly();
	const buffers = new Set<ArrayBufferLike>();
	for (let bytes = 1; bytes <= 100_000; bytes++) {
		assembly.append(Buffer.from('x'));
		buffers.add(assembly.joined.buffer);
		expect(assembly.joined.buffer.byteLength).toBeLessThanOrEqual(Math.max(64, 2 * bytes));
	}
	expect(buffers.size).toBeLessThan(20);
});
