import { expect, it } from 'vitest';
import { readEntry, writeEntries } from './stream-entries.ts';

const upTo = (count: number): string[] => Array.from({ length: count }, (_, index) => `"a",${index + 1}`);

it('has what is appended together in few entries, none of which is large', () => {
	expect(writeEntries(upTo(2))).toEqual(['2', '"a",1\n"a",2']);
	const counts = writeEntries(upTo(150)).filter((_, index) => index % 2 === 0);
	expect(counts).toEqual(['64', '64', '22']);
	const large = `"a","${'x'.repeat(20_000)}"`;
	expect(writeEntries(['"a",1', large, '"a",3', '"a",4'])).toEqual(['1', '"a",1', '1', large, '2', '"a",3\n"a",4']);
	expect(writeEntries([large, large])).toEqual(['1', large, '1', large]);
});

it('has the events behind an offset, also where it begins before', () => {
	const entry = { last: 12, text: upTo(3).join('\n') };
	expect(readEntry(entry, 9)?.map(({ offset }) => offset)).toEqual([10, 11, 12]);
	expect(readEntry(entry, 11)).toEqual([{ offset: 12, body: '"a",3' }]);
});

it('does not connect where something is missing before it, nor where it has more than there ever was', () => {
	expect(readEntry({ last: 12, text: upTo(3).join('\n') }, 8)).toBeNull();
	expect(readEntry({ last: 2, text: upTo(3).join('\n') }, 0)).toBeNull();
});

it('is refused where it is not events', () => {
	expect(() => readEntry({ last: 2, text: '"a",1\nforeign' }, 0)).toThrow(SyntaxError);
});
