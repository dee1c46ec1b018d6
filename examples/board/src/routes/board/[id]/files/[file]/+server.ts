// An attached file, for those who may open its board. It is saved, never opened as a page of this site: nothing in it
// can run here, whatever it is.
import { error } from '@sveltejs/kit';
import { contentDisposition } from '#lib/files/file-name.ts';
import { files } from '#lib/server/files.ts';
import { store } from '#lib/server/store.ts';
import type { RequestHandler } from './$types';

export const GET: RequestHandler = async ({ locals: { user }, params }) => {
	if (!user) error(401, 'Sign in first.');
	const mayOpen = store().boards.isAllowed(params.id, user.id);
	const attachment = mayOpen ? store().attachments.find(params.id, params.file) : undefined;
	const file = attachment && (await files().open(attachment.id));
	if (!file) error(404, 'There is no such file, or it is not shared with you.');
	return new Response(file.stream, {
		headers: {
			'content-type': attachment.type === 'text/plain' ? 'text/plain; charset=utf-8' : attachment.type,
			'content-length': String(file.size),
			'content-disposition': contentDisposition(attachment.name),
			'x-content-type-options': 'nosniff',
			'content-security-policy': "default-src 'none'; sandbox",
			'cross-origin-resource-policy': 'same-origin',
			// Its bytes never change, but who may see them does.
			'cache-control': 'private, no-cache',
			etag: `"${attachment.id}"`
		}
	});
};
