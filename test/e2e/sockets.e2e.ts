// The app of docs/sockets.md: raw sockets in development, preview and production, in Chromium and over plain WebSockets.
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { freePort } from '../../scripts/lib/port.ts';
import { launchBrowser } from '../support/browser.ts';
import { documentApp, typeErrors } from '../support/document-app.ts';
import type { Fixture, RunningApp } from '../support/fixture.ts';
import { connectRaw, type WsClient } from '../support/ws-client.ts';

const DOCUMENTS = ['docs/getting-started.md', 'docs/sockets.md'];

let browser: Browser;
let app: Fixture;
let origin: string;
let port: string;

beforeAll(async () => {
	browser = await launchBrowser();
	port = String(await freePort());
	origin = `http://127.0.0.1:${port}`;
	app = documentApp(DOCUMENTS, { env: { ORIGIN: origin } });
	await app.build();
});

afterAll(async () => {
	await browser?.close();
	await app?.[Symbol.asyncDispose]();
});

/** Signs in over HTTP. Resolves to the cookie. */
async function signIn(url: string, name: string): Promise<string> {
	const response = await fetch(`${url}/sign-in`, {
		method: 'POST',
		headers: { origin: url },
		body: new URLSearchParams({ name }),
		redirect: 'manual'
	});
	return response.headers.getSetCookie().join().split(';')[0] ?? '';
}

/** What the page's form action answers. */
async function askAddress(url: string, cookie: string): Promise<string> {
	const response = await fetch(`${url}/report?/ws`, {
		method: 'POST',
		headers: { origin: url, cookie, accept: 'application/json', 'x-sveltekit-action': 'true' },
		body: new FormData()
	});
	const { data } = (await response.json()) as { data: string };
	return (JSON.parse(data) as [unknown, string])[1];
}

const connect = (url: string, path: string, cookie: string): Promise<WsClient> =>
	connectRaw(url.replace('http', 'ws') + path, { headers: { cookie }, origin: url });

async function visit(url: string, path: string, cookie: string): Promise<Page> {
	const context = await browser.newContext();
	const [name = '', value = ''] = cookie.split('=');
	await context.addCookies([{ name, value, url }]);
	const page = await context.newPage();
	await page.goto(url + path);
	return page;
}

/** An endpoint and a one-time address, with everything that they refuse. */
async function expectSockets({ url, output }: RunningApp): Promise<void> {
	const [ada, bob] = [await signIn(url, 'Ada'), await signIn(url, 'Bob')];
	const [first, second] = [
		await connect(url, '/rooms/red/socket', ada),
		await connect(url, '/rooms/red/socket', bob)
	];
	expect([await first.next(), await second.next()]).toEqual(['welcome to red', 'welcome to red']);
	first.send('hello');
	expect([await first.next(), await second.next()]).toEqual(['Ada: hello', 'Ada: hello']);
	expect((await (await connect(url, '/rooms/closed/socket', ada)).closed).code).toBe(4403);
	expect((await (await connect(url, '/rooms/red/socket', 'nobody=1')).closed).code).toBe(4401);
	const foreign = connectRaw(`${url.replace('http', 'ws')}/rooms/red/socket`, { origin: 'https://evil.example' });
	await expect(foreign).rejects.toMatchObject({ status: 403 });
	const path = await askAddress(url, ada);
	expect(await (await connect(url, path, bob)).closed).toMatchObject({ code: 4403 });
	const report = await connect(url, path, ada);
	expect([await report.next(), await report.next()]).toEqual(['Prologue, for Ada', 'Figures, for Ada']);
	expect((await (await connect(url, path, ada)).closed).code).toBe(4404);
	expect(output(), 'no key is logged').not.toContain(path.split('.').at(-1));
}

/** The pages of the document, in a browser. */
async function expectPages(url: string): Promise<void> {
	const [ada, bob] = [await signIn(url, 'Ada'), await signIn(url, 'Bob')];
	const report = await visit(url, '/report', ada);
	await report.getByRole('log', { name: 'Chapters' }).getByText('Epilogue, for Ada').waitFor();
	await report.getByRole('button', { name: 'More' }).click();
	await report.getByText('you said more').waitFor();
	const [one, other] = [await visit(url, '/rooms/blue', ada), await visit(url, '/rooms/blue', bob)];
	await one.getByText('welcome to blue').waitFor();
	await other.getByText('welcome to blue').waitFor();
	await one.getByLabel('Say something').fill('good evening');
	await one.getByLabel('Say something').press('Enter');
	await other.getByText('Ada: good evening').waitFor();
	await other.getByText('2 messages').waitFor();
	for (const page of [report, one, other]) await page.context().close();
}

test('the app of docs/sockets.md has no error of types', async () => {
	expect(await typeErrors(app)).toBe('');
});

test('vite preview has raw sockets', async () => {
	const preview = await app.preview({ PORT: port });
	await expectSockets(preview);
	await preview.stop();
});

describe('in production', () => {
	let server: RunningApp;
	beforeAll(async () => {
		server = await app.start('build', { PORT: port });
	});

	test('raw sockets are there, and pages use them', async () => {
		await expectSockets(server);
		await expectPages(origin);
	});

	test('a shutdown closes them with 1001, and pages come back to the next process', async () => {
		const cookie = await signIn(origin, 'Ada');
		const client = await connect(origin, '/rooms/red/socket', cookie);
		await client.next();
		const { code, ms } = await server.stop();
		expect(code, server.output()).toBe(0);
		expect(ms).toBeLessThan(5_000);
		expect(await client.closed).toMatchObject({ code: 1001 });
	});
});

describe('in development', () => {
	let fixture: Fixture;
	let dev: RunningApp;
	beforeAll(async () => {
		fixture = documentApp(DOCUMENTS);
		dev = await fixture.dev();
	});
	afterAll(() => fixture[Symbol.asyncDispose]());

	test('raw sockets are there before any page is, beside the sockets of hot reload', async () => {
		const early = await connect(dev.url, '/rooms/red/socket', 'nobody=1');
		expect((await early.closed).code).toBe(4401);
		await expectSockets(dev);
		await expectPages(dev.url);
	});

	test('an edit of the module of the sockets is there for the next one, and the former ones are closed', async () => {
		const greet = async (): Promise<WsClient> =>
			connect(dev.url, '/rooms/red/socket', await signIn(dev.url, 'Ada'));
		const old = await greet();
		expect(await old.next()).toBe('welcome to red');
		fixture.edit('src/lib/server/sockets.ts', 'welcome to', 'willkommen in');
		const greeting = async (): Promise<unknown> => {
			const client = await greet();
			const said = await Promise.race([client.next(), client.closed.then(({ code }) => code)]);
			client.close(1000, '');
			return said;
		};
		await expect.poll(greeting, { timeout: 10_000 }).toBe('willkommen in red');
		expect(await old.closed).toMatchObject({ code: 1001 });
	});
});
