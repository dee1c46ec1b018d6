import { live } from '../../../src/live/live.ts';
import { db } from './database.ts';

export const cards = live.stream(
	(_ctx, board: string) => ['board', board],
	(_ctx, board) => db.cards(board)
);

export const addCard = live((ctx, board: string, title: string) => {
	const card = db.addCard(board, title);
	ctx.publish(cards.topic(board), 'created', card);
	return card.id;
});

export const cursors = live.channel((_ctx, board: string) => ['cursors', board], { merge: 'cursor' });

export const tidy = live(() => db.tidied);

export const attach = live.upload(async (_ctx, file, board: string) => {
	const bytes = await file.bytes();
	return `${bytes.length} bytes for board ${board}`;
});

export const thumbnail = live.binary((_ctx, bytes, _board: string) => bytes.length);

export const search = live.generate(function* (_ctx, words: string) {
	for (const { title } of db.cards('7')) if (title.includes(words)) yield title;
});

export const film = live.download(function* () {
	yield new TextEncoder().encode('hello');
	yield new TextEncoder().encode(' there');
});
