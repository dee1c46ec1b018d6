import { expect, test } from 'vitest';
import { LIMITS } from '../model.ts';
import { lackOfRoom } from './room.ts';

test('a card has room up to its number of files', () => {
	expect(lackOfRoom({ files: LIMITS.filesOfCard - 1, bytes: 0 }, 1)).toBeUndefined();
	expect(lackOfRoom({ files: LIMITS.filesOfCard, bytes: 0 }, 1)).toEqual([
		'TOO_MANY_FILES',
		'A card has at most 12 files.'
	]);
});

test('a board has room up to its number of bytes, the new file included', () => {
	expect(lackOfRoom({ files: 0, bytes: LIMITS.boardBytes - 10 }, 10)).toBeUndefined();
	expect(lackOfRoom({ files: 0, bytes: LIMITS.boardBytes - 10 }, 11)).toEqual([
		'BOARD_FULL',
		'The files of a board have at most 200 MiB together.'
	]);
});
