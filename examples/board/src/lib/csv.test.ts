import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { CsvError, parseCards } from './csv.ts';

const HEADER = 'id,date,column,title\n';
const parse = (rows: string) => parseCards(HEADER + rows);
const complaint = (text: string) => {
	try {
		parseCards(text);
	} catch (error) {
		return error instanceof CsvError ? error.message : 'another error';
	}
	return 'no error';
};

describe('a CSV file', () => {
	test('gives one card per line', () => {
		expect(parse('a1,2026-03-31,Docs,Write\n')).toEqual([
			{ ref: 'a1', date: '2026-03-31', column: 'Docs', title: 'Write' }
		]);
	});

	test('may quote commas, quotes and line breaks', () => {
		const [card] = parse('a1,,Docs,"One, ""two""\nthree"\n');
		expect(card?.title).toBe('One, "two" three');
	});

	test('may come from Windows, with a byte order mark, in another order and with further columns', () => {
		const text = '\uFEFFTitle,Column,Owner,Date,Id\r\n"Write",Docs,me,,\r\n\r\n';
		expect(parseCards(text)).toEqual([{ ref: null, date: null, column: 'Docs', title: 'Write' }]);
	});

	test('the seed of the large board is read whole', () => {
		const cards = parseCards(readFileSync(new URL('../../data-seed/board-import.csv', import.meta.url), 'utf8'));
		expect(cards).toHaveLength(2000);
		expect(new Set(cards.map((card) => card.column))).toEqual(new Set(['Chores', 'Features', 'Docs', 'Fixes']));
	});
});

describe('what is wrong with a file is said with its line', () => {
	test.each([
		['', 'The file is empty.'],
		[HEADER, 'The file has a header but no cards.'],
		[
			'id,column\n1,Docs\n',
			'The first line must name the columns id, date, column, title; date, title is missing.'
		],
		[`${HEADER}a,,Docs,One\nb,,Docs,\n`, 'Line 3 has no title.'],
		[`${HEADER}a,,,One\n`, 'Line 2 has no column.'],
		[`${HEADER}a,Docs,One\n`, 'Line 2 has 3 fields instead of 4.'],
		[`${HEADER}a,2026-06-31,Docs,One\n`, '“2026-06-31” on line 2 is not a date such as 2026-03-31.'],
		[`${HEADER}a,,Docs,"One\ntwo"\nb,,Docs,\n`, 'Line 4 has no title.'],
		[`${HEADER}a,,Docs,"One\n`, 'The quote that opens on line 2 never closes.'],
		[`${HEADER}a,,Docs,"One" two\n`, 'Line 2 has text after a closing quote.'],
		[`${HEADER}a,,Docs,${'x'.repeat(301)}\n`, 'The title on line 2 is longer than 300 characters.']
	])('%j', (text, expected) => {
		expect(complaint(text)).toBe(expected);
	});
});
