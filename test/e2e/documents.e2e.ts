// The documents, believed: the files that they show are put together, type-checked, built and used in a browser.
import { createHmac } from 'node:crypto';
import { join } from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { freePort } from '../../scripts/lib/port.ts';
import { root } from '../../scripts/lib/run.ts';
import { createClient, type Client } from '../../src/client/client.ts';
import { filesOf, fixtureFiles } from '../docs/assemble.ts';
import { launchBrowser } from '../support/browser.ts';
import { documentApp, typeErrors } from '../support/document-app.ts';
import type { Fixture, RunningApp } from '../support/fixture.ts';

/** What the app of docs/operations.md is busy with. */
const WORK = `import { live } from 'tidewire/server';
export const done = live(() => 'done');
export const broken = live((_ctx, _paper: string) => {
	throw new Error('out of paper');
});
`;

let browser: Browser;

beforeAll(async () => {
	browser = await launchBrowser();
});

afterAll(async () => {
	await browser?.close();
});

/** A page of a person of its own. */
async function visit(url: string, cookies: Record<string, string> = {}): Promise<Page> {
	const context = await browser.newContext();
	const { origin } = new URL(url);
	await context.addCookies(Object.entries(cookies).map(([name, value]) => ({ name, value, url: origin })));
	const page = await context.newPage();
	await page.goto(url, { waitUntil: 'networkidle' });
	return page;
}

describe('the tour of README.md', () => {
	let app: Fixture;
	let server: RunningApp;

	beforeAll(async () => {
		app = documentApp(['README.md']);
		await app.build();
		server = await app.start();
	});

	afterAll(async () => {
		await app?.[Symbol.asyncDispose]();
	});

	test('has no error of types', async () => {
		expect(await typeErrors(app)).toBe('');
	});

	test('what one page adds, the other shows', async () => {
		const [one, other] = [await visit(server.url), await visit(server.url)];
		await other.getByText('Read the tour').waitFor();
		await one.getByPlaceholder('What is to be done?').fill('Believe it');
		await one.getByRole('button', { name: 'Add' }).click();
		await other.getByText('Believe it').waitFor();
		await expect.poll(() => one.getByText('Believe it').count()).toBe(1);
	});

	test('nothing of the live module reaches the browser', async () => {
		const page = await visit(server.url);
		const scripts = await page.evaluate(() =>
			Promise.all(
				performance
					.getEntriesByType('resource')
					.filter(({ name }) => name.endsWith('.js'))
					.map(async ({ name }) => (await fetch(name)).text())
			)
		);
		expect(scripts.join()).toContain('lib/todos/addTodo');
		expect(scripts.join()).not.toContain('Read the tour');
	});
});

describe('the app of docs/getting-started.md', () => {
	let app: Fixture;
	let url: string;

	beforeAll(async () => {
		const port = String(await freePort());
		url = `http://127.0.0.1:${port}`;
		app = documentApp(['docs/getting-started.md'], { env: { ORIGIN: url } });
		await app.build();
		await app.start('build', { PORT: port });
	});

	afterAll(async () => {
		await app?.[Symbol.asyncDispose]();
	});

	async function signIn(name: string, at = url): Promise<Page> {
		const page = await visit(at);
		await page.getByPlaceholder('Your name').fill(name);
		await page.getByRole('button', { name: 'Sign in' }).click();
		await page.getByRole('heading', { name: `Hello ${name}` }).waitFor();
		await page.waitForLoadState('networkidle');
		return page;
	}

	async function bring(page: Page, title: string): Promise<void> {
		await page.getByLabel('Something to bring').fill(title);
		await page.getByRole('button', { name: 'Add' }).click();
	}

	test('has no error of types', async () => {
		expect(await typeErrors(app)).toBe('');
	});

	test('whoever is not signed in is sent to sign in', async () => {
		const page = await visit(url);
		expect(new URL(page.url()).pathname).toBe('/sign-in');
	});

	test('two people share the list', async () => {
		const [ada, bob] = [await signIn('Ada'), await signIn('Bob')];
		await bring(ada, 'Bread');
		await bob.getByText('Bread (Ada)').waitFor();
		await bob.getByRole('button', { name: 'Remove Bread' }).click();
		await ada.getByText('Bread (Ada)').waitFor({ state: 'detached' });
		await expect.poll(() => bob.getByText('Bread').count()).toBe(0);
	});

	test('the list is in the page that the server renders', async () => {
		const ada = await signIn('Ada');
		await bring(ada, 'Salt');
		await ada.getByText('Salt (Ada)').waitFor();
		await expect.poll(async () => (await ada.request.get(url)).text()).toContain('Salt');
	});

	test('in development the module can be edited while people use it', async () => {
		await using inDevelopment = documentApp(['docs/getting-started.md']);
		const dev = await inDevelopment.dev();
		const ada = await signIn('Ada', dev.url);
		await bring(ada, 'Oil');
		await ada.getByText('Oil (Ada)').waitFor();
		inDevelopment.edit('src/lib/list.live.ts', 'by: ctx.user.name', 'by: `kind ${ctx.user.name}`');
		await dev.printed(/reloaded src\/lib\/list\.live\.ts/);
		await bring(ada, 'Wine');
		await ada.getByText('Wine (kind Ada)').waitFor();
		expect(await ada.getByText('Oil (Ada)').count()).toBe(1);
	});

	test('what the server refuses is taken back, and the reason shown', async () => {
		const ada = await signIn('Ada');
		await bring(ada, '  ');
		await ada.getByText('Say what it is').waitFor();
		expect(await ada.getByRole('button', { name: /^Remove\s*$/ }).count()).toBe(0);
	});
});

describe('the app of docs/operations.md', () => {
	let app: Fixture;
	let server: RunningApp;
	let url: string;

	beforeAll(async () => {
		// Its users are those of the guide, and it takes forms, from its own origin, as the first app does.
		const { 'src/app.d.ts': types = '', 'src/hooks.server.ts': hooks = '' } = fixtureFiles('guide');
		const { 'vite.config.ts': config = '' } = filesOf('docs/getting-started.md');
		const own = { 'src/lib/work.live.ts': WORK, 'vite.config.ts': config };
		const files = { ...own, 'src/app.d.ts': types, 'src/hooks.server.ts': hooks };
		const port = String(await freePort());
		url = `http://127.0.0.1:${port}`;
		app = documentApp(['README.md', 'docs/operations.md'], { files, env: { ORIGIN: url } });
		await app.build();
		server = await app.start('build', { PORT: port, METRICS_TOKEN: 'scrape' });
	});

	afterAll(async () => {
		await app?.[Symbol.asyncDispose]();
	});

	const clientOf = (user: string): Client =>
		createClient({
			url: `${url.replace('http', 'ws')}/__live`,
			WebSocket: class extends WebSocket {
				constructor(url: string) {
					super(url, { headers: { cookie: `user=${user}` } } as unknown as string[]);
				}
			}
		});

	test('has no error of types', async () => {
		expect(await typeErrors(app)).toBe('');
	});

	test('metrics are for whoever has the token', async () => {
		const client = clientOf('ada');
		await client.call('lib/work/done', []);
		expect((await fetch(`${url}/metrics`)).status).toBe(404);
		const response = await fetch(`${url}/metrics`, { headers: { authorization: 'Bearer scrape' } });
		expect(response.headers.get('content-type')).toContain('version=0.0.4');
		const text = await response.text();
		expect(text).toContain('tidewire_connections 1\n');
		expect(text).toContain('tidewire_call_duration_seconds_count{path="lib/work/done",code="ok"} 1\n');
		client.close();
	});

	test('a problem is one line of JSON', async () => {
		const client = clientOf('ada');
		await expect(client.call('lib/work/broken', ['of ada'])).rejects.toMatchObject({ code: 'INTERNAL' });
		await server.printed(/"path":"lib\/work\/broken"/);
		const line = server
			.output()
			.split('\n')
			.find((line) => line.includes('lib/work/broken'))!;
		expect(JSON.parse(line)).toMatchObject({ level: 'error', message: 'out of paper' });
		expect(line).not.toContain('of ada');
		client.close();
	});

	test('the page of operators is for administrators, who revoke users and drain the process there', async () => {
		const stranger = await fetch(`${url}/admin/live`, { headers: { cookie: 'user=ada' } });
		expect(stranger.status).toBe(403);
		const client = clientOf('zoe');
		await client.call('lib/work/done', []);
		const states: string[] = [];
		client.onStatus(({ state, error }) => states.push(`${state} ${error?.code ?? ''}`));
		const page = await visit(`${url}/admin/live`, { user: 'eve', role: 'admin' });
		await page.getByText('1 process, 1 connection').waitFor();
		await page.getByLabel('Id of the user').fill('zoe');
		await page.getByRole('button', { name: 'Revoke' }).click();
		await page.getByRole('status').getByText('end everywhere').waitFor();
		await expect.poll(() => states).toContain('waiting SESSION_EXPIRED');
		client.close();
		await page.getByText('Drain this process').click();
		await page.getByRole('button', { name: 'Drain now' }).click();
		await page.getByText('draining', { exact: true }).waitFor();
		expect((await fetch(`${url}/__live/ready`)).status).toBe(503);
		expect((await fetch(`${url}/__live/health`)).status).toBe(200);
	});
});

describe('the app of the guide (all other pages in docs)', () => {
	const pages = [
		'live-modules',
		'streams',
		'client',
		'errors',
		'deploy',
		'testing',
		'signals',
		'webhooks',
		'limits',
		'views',
		'evolution'
	];
	const documents = ['README.md', ...pages.map((name) => `docs/${name}.md`)];
	let app: Fixture;
	let server: RunningApp;

	beforeAll(async () => {
		app = documentApp(documents, { files: fixtureFiles('guide') });
		await app.build();
		server = await app.start();
	});

	afterAll(async () => {
		await app?.[Symbol.asyncDispose]();
	});

	/** A client outside of any page, for what no page of the guide shows. */
	function clientOf(cookie: string, url = server.socketUrl): Client {
		const withCookie = class extends WebSocket {
			constructor(url: string) {
				super(url, { headers: { cookie } } as unknown as string[]);
			}
		};
		return createClient({ url, WebSocket: withCookie });
	}

	async function clientOnce(path: string, args: unknown[]): Promise<unknown> {
		const client = clientOf('user=ada');
		return await client.call(path, args).finally(() => client.close());
	}

	test('has no error of types', async () => {
		expect(await typeErrors(app)).toBe('');
	});

	test('its own tests pass', async () => {
		const { code, output } = await app.run([
			join(root, 'node_modules/vitest/vitest.mjs'),
			'run',
			'--reporter=verbose'
		]);
		expect(code, output).toBe(0);
		expect(output).toContain('5 passed');
	});

	test('two people share a board, whose first value came with the page', async () => {
		const [ada, bob] = [
			await visit(`${server.url}/board/b1`, { user: 'ada' }),
			await visit(`${server.url}/board/b1`, { user: 'bob' })
		];
		await ada.getByRole('button', { name: 'Add' }).click();
		await bob.getByRole('listitem').getByText('New').waitFor();
		const html = await (await bob.request.get(`${server.url}/board/b1`)).text();
		expect(html).toContain('<li>New</li>');
	});

	test('a request of another kind publishes too', async () => {
		const ada = await visit(`${server.url}/board/hooked`, { user: 'ada' });
		await ada.request.post(`${server.url}/hook`, { data: { id: 'h', boardId: 'hooked', title: 'From a hook' } });
		await ada.getByText('From a hook').waitFor();
		expect(await ada.getByRole('listitem').count()).toBe(1);
	});

	test('StreamView shows messages to whom the rules let read, and the reason to others', async () => {
		const guest = await visit(`${server.url}/messages`, { user: 'guest' });
		await guest.getByText('access to "lib/reports/messages" is denied').waitFor();
		const ada = await visit(`${server.url}/messages`, { user: 'ada' });
		await ada.getByText('One moment…').waitFor({ state: 'detached' });
		expect(await ada.getByRole('alert').count()).toBe(0);
	});

	test('a signal reaches all pages of a user, and a question is answered by one', async () => {
		const [ada, adaToo, bob] = await Promise.all(
			['ada', 'ada', 'bob'].map((user) => visit(`${server.url}/signals`, { user }))
		);
		await ada!.getByRole('button', { name: 'Export' }).click();
		for (const page of [ada!, adaToo!]) await page.getByText('export:ready {"name":"May"').waitFor();
		await ada!.getByText('export:here "May"').waitFor();
		await ada!.getByRole('button', { name: 'Ring Bob' }).click();
		await bob!.getByText('call:ring {"from":"ada"}').waitFor();
		await bob!.getByRole('button', { name: 'Delete' }).click();
		await bob!.getByText('deleted').waitFor();
		expect(await adaToo!.getByText('export:here').count()).toBe(0);
		expect(await bob!.getByText('export').count()).toBe(1); // its own button
	});

	test.each(['/hooks/payments', '/api/payments'])('a webhook at %s publishes what is signed', async (path) => {
		const client = clientOf('user=ada');
		const stream = client.stream('lib/payments/payments', []);
		const stop = stream.onChange(() => {});
		await expect.poll(() => stream.state.ready).toBe(true);
		const body = JSON.stringify({ id: path, type: 'payment.succeeded', amount: 5 });
		const signature = `sha256=${createHmac('sha256', 'for development').update(body).digest('hex')}`;
		const post = async (header: string): Promise<number> =>
			(
				await fetch(server.url + path, {
					method: 'POST',
					body,
					headers: { 'content-type': 'application/json', 'x-signature': header }
				})
			).status;
		expect([await post('sha256=00'), await post(signature)]).toEqual([401, 200]);
		await expect.poll(() => stream.state.value).toEqual([JSON.parse(body)]);
		stop();
		client.close();
	});

	test('several streams make one value', async () => {
		const ada = await visit(`${server.url}/summary/sum`, { user: 'ada' });
		const client = clientOf('user=ada');
		await client.call('lib/notes/saveNote', ['two words']);
		await client.call('lib/board/addCard', [{ id: 's', boardId: 'sum', title: 'x' }]);
		await ada.getByText('1 open cards, 2 words').waitFor();
		await client.call('lib/board/finishCard', ['sum', 's']);
		await ada.getByText('0 open cards, 2 words').waitFor();
		expect(await client.query('lib/board/countCards', ['sum'])).toBe(1);
		client.close();
	});

	test('a batch fills a board in order, and a script counts', async () => {
		const ada = await visit(`${server.url}/fill`, { user: 'ada' });
		await clientOnce('lib/board/addCard', [{ id: 'c', boardId: 'b1', title: 'Counted' }]);
		await ada.getByRole('button', { name: 'Fill' }).click();
		await ada.getByText('One and Two').waitFor();
		await ada.getByRole('button', { name: 'Fail' }).click();
		await ada.getByText('Invalid length').waitFor();
		expect(await (await ada.request.get(`${server.url}/count?at=${server.url}`)).json()).toBeGreaterThan(0);
	});

	test('guards and their fields, channels and their pace', async () => {
		const [admin, member] = [clientOf('user=eve; role=admin'), clientOf('user=bob')];
		expect(await admin.call('lib/admin/powers', [])).toEqual(['ban']);
		await expect(member.call('lib/admin/powers', [])).rejects.toMatchObject({ code: 'FORBIDDEN' });
		const pointers = member.stream('lib/pointers/pointers', ['b1']);
		pointers.onChange(() => {});
		admin.stream('lib/pointers/pointers', ['b1']).onChange(() => {});
		await expect.poll(() => pointers.state.connected).toBe(true);
		await admin.call('lib/pointers/point', ['b1', 1, 2]);
		await expect.poll(() => pointers.state.value).toMatchObject([{ name: 'eve', x: 1, y: 2 }]);
		admin.close();
		await expect.poll(() => pointers.state.value).toEqual([]);
		member.close();
	});

	test('whoever is dismissed is asked anew who it is', async () => {
		const client = clientOf('user=zoe');
		const states: string[] = [];
		client.onStatus(({ state, error }) => states.push(`${state} ${error?.code ?? ''}`));
		await client.call('lib/notes/saveNote', ['x']);
		await fetch(`${server.url}/dismiss?user=zoe`);
		await expect.poll(() => states).toContain('waiting SESSION_EXPIRED');
		await expect.poll(() => client.status.state).toBe('open');
		client.close();
	});

	test('a server of its own serves it, and pages resume on the next process', async () => {
		await server.stop();
		const port = String(await freePort());
		const own = await app.start('server.js', { PORT: port });
		const resets: string[] = [];
		const client = clientOf('user=ada', `ws://127.0.0.1:${port}/__live`);
		client.configure({ onReset: (_path, reason) => resets.push(reason), backoff: { firstMs: 50, capMs: 200 } });
		const cards = client.stream('lib/board/cards', ['own']);
		cards.onChange(() => {});
		await client.call('lib/board/addCard', [{ id: 'o', boardId: 'own', title: 'Kept' }]);
		await expect.poll(() => cards.state.value).toMatchObject([{ title: 'Kept' }]);
		expect(await own.stop()).toMatchObject({ code: 0 });
		const next = await app.start('server.js', { PORT: port });
		await expect.poll(() => cards.state.connected, { timeout: 15_000 }).toBe(true);
		// The database of the guide forgets, the history does not: a value that was loaded anew would be empty.
		expect(cards.state.value).toMatchObject([{ title: 'Kept' }]);
		expect(resets).toEqual([]);
		client.close();
		await next.stop();
	});

	test('several workers serve it as one', async () => {
		// As `npx tidewire serve build --workers 2` does; a worker gets the arguments of its primary.
		app.write(
			'serve.js',
			`if (process.argv.length === 2) process.argv.push('serve', 'build', '--workers', '2');\n` +
				`await import('./node_modules/tidewire/dist/cli/tidewire.js');\n`
		);
		const workers = await app.start('serve.js');
		await workers.printed(/2 workers serve/);
		const clients = Array.from({ length: 6 }, (_, index) => clientOf(`user=u${index}`, workers.socketUrl));
		const streams = clients.map((client) => client.stream('lib/board/cards', ['cores']));
		for (const stream of streams) stream.onChange(() => {});
		await expect.poll(() => streams.every((stream) => stream.state.connected)).toBe(true);
		await clients[0]!.call('lib/board/addCard', [{ id: 'w', boardId: 'cores', title: 'For all' }]);
		for (const stream of streams) await expect.poll(() => stream.state.value).toMatchObject([{ title: 'For all' }]);
		for (const client of clients) client.close();
		expect(await workers.stop()).toMatchObject({ code: 0 });
	});
});
