import { fail, redirect } from '@sveltejs/kit';
import * as v from 'valibot';
import { complaint, personName } from '#lib/schemas.ts';
import { beginSession, endSession } from '#lib/server/session.ts';
import type { Actions, PageServerLoad } from './$types';

export const load: PageServerLoad = ({ locals, url }) => {
	if (locals.user) redirect(303, destination(url));
};

export const actions: Actions = {
	in: async (event) => {
		const form = await event.request.formData();
		const name = form.get('name');
		const parsed = v.safeParse(personName, name);
		if (!parsed.success)
			return fail(400, { name: typeof name === 'string' ? name : '', complaint: complaint(parsed) });
		await beginSession(event, parsed.output);
		return redirect(303, destination(event.url));
	},
	out: async ({ cookies }) => {
		await endSession(cookies);
		redirect(303, '/sign-in');
	}
};

/** Back to where somebody came from, on this site only. */
function destination(url: URL): string {
	const target = URL.parse(url.searchParams.get('to') ?? '/', url);
	return target?.origin === url.origin ? target.pathname : '/';
}
