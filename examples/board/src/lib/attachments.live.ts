// Files of cards. What a file is called and said to be decides nothing: it is stored under an id of the server's, and
// looked at while it comes.
import { live, LiveError } from 'tidewire/server';
import * as v from 'valibot';
import { shownName } from './files/file-name.ts';
import { FileType } from './files/file-type.ts';
import { lackOfRoom } from './files/room.ts';
import { FILE_TYPES, LIMITS, newId } from './model.ts';
import { id } from './schemas.ts';
import { found, mayOpen, requireBoard } from './server/access.ts';
import { files } from './server/files.ts';
import { recorded } from './server/recorded.ts';
import { store } from './server/store.ts';

export const attachments = live.stream(
	(_ctx, boardId: string) => ['board', boardId, 'attachments'],
	(_ctx, boardId) => store().attachments.ofBoard(boardId),
	{ args: [id], access: mayOpen }
);

export const attach = live.upload(
	[v.object({ boardId: id, cardId: id })],
	async (ctx, file, { boardId, cardId }) => {
		requireBoard(ctx, boardId);
		requireRoom(boardId, cardId, file.size);
		const fileId = newId();
		const type = new FileType();
		const draft = await files().receive(fileId, looked(file.stream(), type));
		try {
			const attachment = recorded(ctx, boardId, (by, tell) => {
				requireRoom(boardId, cardId, draft.size);
				const { title } = found(store().cards.find(boardId, cardId));
				const facts = {
					id: fileId,
					cardId,
					name: shownName(file.name),
					type: allowed(type.end()),
					size: draft.size
				};
				const made = { ...facts, by: { id: ctx.user.id, name: ctx.user.name }, at: by.now };
				store().attachments.add(boardId, made);
				tell({ deed: 'attached', title, detail: made.name, cardId });
				draft.keep();
				return made;
			});
			ctx.publish(attachments.topic(boardId), 'created', attachment);
			return attachment;
		} catch (error) {
			await draft.discard();
			throw error;
		}
	},
	{ maxSize: LIMITS.fileBytes, types: FILE_TYPES }
);

export const removeAttachment = live.validated(v.object({ boardId: id, id }), async (ctx, input) => {
	recorded(ctx, input.boardId, (by, tell) => {
		const { cardId, name } = found(store().attachments.delete(by.boardId, input.id));
		const title = store().cards.find(by.boardId, cardId)?.title ?? 'a deleted card';
		tell({ deed: 'detached', title, detail: name, cardId });
	});
	ctx.publish(attachments.topic(input.boardId), 'deleted', { id: input.id });
	// Nobody finds it any more; where the disk fails, only its space is lost.
	await files().delete(input.id).catch(console.error);
});

/** @throws {LiveError} TOO_MANY_FILES, BOARD_FULL, and NOT_FOUND where the board has no such card */
function requireRoom(boardId: string, cardId: string, size: number): void {
	found(store().cards.find(boardId, cardId));
	const lack = lackOfRoom(store().attachments.used(boardId, cardId), size);
	if (lack) throw new LiveError(...lack);
}

/** Ends a file that cannot be attached as soon as that is known. */
async function* looked(chunks: AsyncIterable<Uint8Array>, type: FileType): AsyncGenerator<Uint8Array> {
	for await (const bytes of chunks) {
		if (!type.take(bytes)) allowed(undefined);
		yield bytes;
	}
}

function allowed(type: string | undefined): string {
	if (type === undefined) throw new LiveError('NO_SUCH_TYPE', 'Only images, PDFs and text can be attached.');
	return type;
}
