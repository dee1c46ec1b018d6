// The production build of the board on Bun: its pages, its database, its sockets, its end.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startExample, type RunningExample } from '../support/example.ts';
import { LiveClient } from '../support/live-client.ts';
import { bunRuntime, unless } from '../support/transports/runtimes.ts';

const runtime = bunRuntime();

describe.skipIf('missing' in runtime)(`the board on Bun${unless(runtime)}`, () => {
	let folder: string;
	let app: RunningExample;
	let cookie: string;

	beforeAll(async () => {
		folder = mkdtempSync(join(tmpdir(), 'tidewire-bun-'));
		app = await startExample('board', 'bun', {
			BOARD_DB: join(folder, 'board.db'),
			LIVE_DB: join(folder, 'live.db')
		});
	});

	afterAll(async () => {
		await app?.stop();
		rmSync(folder, { recursive: true, force: true });
	});

	const connect = (headers: Record<string, string> = {}) =>
		LiveClient.connect(`${app.url.replace('http', 'ws')}/__live`, undefined, { origin: app.url, headers });

	test('a form signs in, and the page shows the boards', async () => {
		const signedIn = await fetch(`${app.url}/sign-in?/in`, {
			method: 'POST',
			headers: { origin: app.url, accept: 'text/html' },
			body: new URLSearchParams({ name: 'Ada' }),
			redirect: 'manual'
		});
		expect(signedIn.status).toBe(303);
		cookie = signedIn.headers
			.getSetCookie()
			.map((each) => each.split(';')[0])
			.join('; ');
		const page = await fetch(app.url, { headers: { cookie } });
		expect(page.status).toBe(200);
		expect(await page.text()).toContain('Launch plan');
	});

	test('a socket of nobody is told to sign in', async () => {
		using client = await connect();
		expect((await client.goodbye()).code).toBe('UNAUTHORIZED');
		expect((await client.closed).code).toBe(4401);
	});

	test('a socket of a foreign page is refused', async () => {
		const headers = { cookie };
		const url = `${app.url.replace('http', 'ws')}/__live`;
		const attempt = LiveClient.connect(url, undefined, { origin: 'https://evil.example', headers });
		await expect(attempt).rejects.toMatchObject({ status: 403 });
	});

	test('what one adds by a call another sees in a stream', async () => {
		using ada = await connect({ cookie });
		using bob = await connect({ cookie });
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

	test('on SIGTERM it says goodbye to its sockets and ends with 0', async () => {
		using client = await connect({ cookie });
		await client.first(({ kind }) => kind === 'welcome');
		const ended = app.stop();
		expect((await client.goodbye()).code).toBe('GOING_AWAY');
		expect((await client.closed).code).toBe(1001);
		expect(await ended, app.output()).toBe(0);
	});
});
