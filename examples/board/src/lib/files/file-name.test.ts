import { expect, test } from 'vitest';
import { contentDisposition, shownName, wordsForSize } from './file-name.ts';

test('a name has no folders and nothing that cannot be seen', () => {
	expect(shownName('../../etc/passwd')).toBe('passwd');
	expect(shownName('C:\\Users\\me\\plan.pdf')).toBe('plan.pdf');
	expect(shownName('a\u0000b\r\nc.txt')).toBe('abc.txt');
	expect(shownName('invoice\u202Etxt.exe')).toBe('invoicetxt.exe');
	expect(shownName('Grüße 漢字.md')).toBe('Grüße 漢字.md');
});

test('what remains of nothing is still a name', () => {
	expect(['', '/', ' \u0001 '].map(shownName)).toEqual(['file', 'file', 'file']);
});

test('a long name keeps its ending', () => {
	const name = shownName(`${'x'.repeat(500)}.pdf`);
	expect(name).toHaveLength(120);
	expect(name.endsWith('x.pdf')).toBe(true);
});

test('no name breaks out of its header', () => {
	expect(contentDisposition('plan.pdf')).toBe(`attachment; filename="plan.pdf"; filename*=UTF-8''plan.pdf`);
	expect(contentDisposition('a"b\\c\r\nx: y')).toBe(
		`attachment; filename="a_b_c__x: y"; filename*=UTF-8''a%22b%5Cc%0D%0Ax%3A%20y`
	);
	expect(contentDisposition(`it's (1) ü.txt`)).toBe(
		`attachment; filename="it's (1) _.txt"; filename*=UTF-8''it%27s%20%281%29%20%C3%BC.txt`
	);
	expect(() => contentDisposition(shownName('lone \ud800.txt'))).not.toThrow();
});

test('a size is told in the unit that fits', () => {
	expect([0, 999, 1000, 38_400, 999_499, 999_500, 4_200_000].map(wordsForSize)).toEqual([
		'0 B',
		'999 B',
		'1 kB',
		'38 kB',
		'999 kB',
		'1.0 MB',
		'4.2 MB'
	]);
});
