// The production build of the board on Bun: its pages, its database, its sockets, its end.
import { describe, expect } from 'vitest';
import { LiveClient } from '../support/live-client.ts';
import { bunRuntime, unless } from '../support/transports/runtimes.ts';
import { boardTest } from './support/board-test.ts';

const runtime = bunRuntime();

const test = boardTest({ mode: 'bun' }).extend('cookie', { scope: 'file' }, ({ server }) => signIn(server.url));

/** By the form of the page, as a browser without scripts does. Resolves to the cookie. */
async function signIn(url: string): Promise<string> {
	const response = await fetch(`${url}/sign-in?/in`, {
		method: 'POST',
		headers: { origin: url, accept: 'text/html' },
		body: new URLSearchParams({ name: 'Ada' }),
		redirect: 'manual'
	});
	expect(response.status).toBe(303);
	return response.headers
		.getSetCookie()
		.map((each) => each.split(';')[0])
		.join('; ');
}

const connect = (url: string, headers: Record<string, string> = {}, origin = url): Promise<LiveClient> =>
	LiveClient.connect(`${url.replace('http', 'ws')}/__live`, undefined, { origin, headers });

describe.skipIf('missing' in runtime)(`the board on Bun${unless(runtime)}`, () => {
	test('a form signs in, and the page shows the boards', async ({ server: { url }, cookie }) => {
		const page = await fetch(url, { headers: { cookie } });
		expect(page.status).toBe(200);
		expect(await page.text()).toContain('Launch plan');
	});

	test('a socket of nobody is told to sign in', async ({ server: { url } }) => {
		using client = await connect(url);
		expect((await client.goodbye()).code).toBe('UNAUTHORIZED');
		expect((await client.closed).code).toBe(4401);
	});

	test('a socket of a foreign page is refused', async ({ server: { url }, cookie }) => {
		await expect(connect(url, { cookie }, 'https://evil.example')).rejects.toMatchObject({ status: 403 });
	});

	test('what one adds by a call another sees in a stream', async ({ server: { url }, cookie }) => {
		using ada = await connect(url, { cookie });
		using bob = await connect(url, { cookie });
		const boards = (await ada.subscribe('lib/boards/openBoards')) as { id: string }[];
		const boardId = boards[0]?.id;
		const columns = (await ada.subscribe('lib/board/columns', boardId)) as { id: string }[];
		await bob.subscribe('lib/board/cards', boardId);
		const id = crypto.randomUUID();
		const added = await ada.call('lib/board/addCard', {
			boardId,
			id,
			title: 'From Bun',
			columnId: columns[0]?.id,
			afterId: null
		});
		expect(added).not.toBe('VALIDATION');
		const event = await bob.first((message) => message.kind === 'event' && JSON.stringify(message).includes(id));
		expect(JSON.stringify(event)).toContain('From Bun');
	});

	test('on SIGTERM it says goodbye to its sockets and ends with 0', async ({ server: { app }, cookie }) => {
		using client = await connect(app.url, { cookie });
		await client.first(({ kind }) => kind === 'welcome');
		const ended = app.stop();
		expect((await client.goodbye()).code).toBe('GOING_AWAY');
		expect((await client.closed).code).toBe(1001);
		expect(await ended, app.output()).toBe(0);
	});
});
