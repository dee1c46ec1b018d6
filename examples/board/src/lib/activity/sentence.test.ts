import { expect, test } from 'vitest';
import { sentenceOf } from './sentence.ts';

test('a sentence goes on from a name', () => {
	expect(sentenceOf({ deed: 'moved', title: 'Ship it', detail: 'Done' })).toBe('moved “Ship it” to Done');
	expect(sentenceOf({ deed: 'added', title: 'Ship it', detail: 'Ideas' })).toBe('added “Ship it” to Ideas');
	expect(sentenceOf({ deed: 'renamed', title: 'Ship it', detail: 'Ship' })).toBe('renamed “Ship it” to “Ship”');
	expect(sentenceOf({ deed: 'deleted', title: 'Ship it', detail: null })).toBe('deleted “Ship it”');
	expect(sentenceOf({ deed: 'restored', title: 'Ship it', detail: null })).toBe('brought back “Ship it”');
	expect(sentenceOf({ deed: 'attached', title: 'Ship it', detail: 'plan.pdf' })).toBe(
		'attached plan.pdf to “Ship it”'
	);
	expect(sentenceOf({ deed: 'detached', title: 'Ship it', detail: 'plan.pdf' })).toBe('took plan.pdf off “Ship it”');
	expect(sentenceOf({ deed: 'added-column', title: 'Later', detail: null })).toBe('added the column “Later”');
	expect(sentenceOf({ deed: 'renamed-column', title: 'Later', detail: 'Never' })).toBe(
		'renamed the column “Later” to “Never”'
	);
});

test('code in a title is told without its backticks', () => {
	expect(sentenceOf({ deed: 'deleted', title: 'Print `?`', detail: null })).toBe('deleted “Print ?”');
});
