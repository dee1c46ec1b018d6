import { fail, redirect } from '@sveltejs/kit';
import * as v from 'valibot';
import { openBoards, privateBoards } from '#lib/boards.live.ts';
import type { ImportedCard } from '#lib/csv.ts';
import { CsvError, parseCards } from '#lib/csv.ts';
import { LIMITS } from '#lib/model.ts';
import { boardName, complaint } from '#lib/schemas.ts';
import { announceBoard } from '#lib/server/board-list.ts';
import { requireUser } from '#lib/server/session.ts';
import { store } from '#lib/server/store.ts';
import type { Actions, PageServerLoad } from './$types';

const FIRST_COLUMNS = ['To do', 'Doing', 'Done'];

export const load: PageServerLoad = async (event) => {
	requireUser(event);
	const [open, mine] = await Promise.all([openBoards.load(event), privateBoards.load(event)]);
	return { open, mine };
};

export const actions: Actions = {
	create: async (event) => {
		const user = requireUser(event);
		const form = await event.request.formData();
		const name = v.safeParse(boardName, form.get('name'));
		if (!name.success) return fail(400, { create: complaint(name) });
		const board = { name: name.output, open: form.get('private') === null, ownerId: user.id };
		return openBoard(store().boards.create(board, FIRST_COLUMNS, Date.now()));
	},
	import: async (event) => {
		const user = requireUser(event);
		const file = (await event.request.formData()).get('file');
		if (!(file instanceof File) || file.size === 0) return fail(400, { import: 'Please choose a CSV file.' });
		const cards = await readCards(file);
		if (typeof cards === 'string') return fail(400, { import: cards });
		const board = { name: nameOf(file), open: true, ownerId: user.id };
		return openBoard(store().boards.import(board, cards, Date.now()));
	}
};

async function openBoard(id: string): Promise<never> {
	await announceBoard(id);
	redirect(303, `/board/${id}`);
}

/** The cards of a file, or what is wrong with it. */
async function readCards(file: File): Promise<ImportedCard[] | string> {
	if (file.size > LIMITS.csvBytes) return `The file is larger than ${LIMITS.csvBytes / 1000} kB.`;
	try {
		return parseCards(await file.text());
	} catch (error) {
		if (error instanceof CsvError) return error.message;
		throw error;
	}
}

/** A board is named after its file: `release-history.csv` becomes “Release history”. */
function nameOf(file: File): string {
	const words = file.name
		.replace(/\.[^.]*$/, '')
		.replaceAll(/[-_\s]+/g, ' ')
		.trim()
		.slice(0, LIMITS.boardName);
	return words ? words[0]?.toUpperCase() + words.slice(1) : 'Imported board';
}
