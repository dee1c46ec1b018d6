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
