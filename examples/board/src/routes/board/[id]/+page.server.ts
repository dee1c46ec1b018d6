import { error } from '@sveltejs/kit';
import { attachments } from '#lib/attachments.live.ts';
import { cards, columns } from '#lib/board.live.ts';
import { messages } from '#lib/chat.live.ts';
import { people } from '#lib/people.live.ts';
import { requireUser } from '#lib/server/session.ts';
import { store } from '#lib/server/store.ts';
import type { PageServerLoad } from './$types';

export const load: PageServerLoad = async (event) => {
	const user = requireUser(event);
	const { id } = event.params;
	const board = store().boards.isAllowed(id, user.id) ? store().boards.summary(id) : undefined;
	if (!board) error(404, 'There is no such board, or it is not shared with you.');
	const [columnList, cardList, fileList, messageList, peopleList] = await Promise.all([
		columns.load(event, id),
		cards.load(event, id),
		attachments.load(event, id),
		messages.load(event, id),
		people.load(event, id)
	]);
	return {
		user,
		board,
		columns: columnList,
		cards: cardList,
		attachments: fileList,
		messages: messageList,
		people: peopleList
	};
};
