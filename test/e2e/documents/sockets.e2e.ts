// The app of docs/sockets.md: raw sockets in development, preview and production, in Chromium and over plain WebSockets.
import type { Browser, Page } from 'playwright-core';
import { expect } from 'vitest';
import { documentApp, typeErrors } from '../../support/document-app.ts';
import type { RunningApp } from '../../support/fixture.ts';
import { connectRaw, type WsClient } from '../../support/ws-client.ts';
import { owned } from '../support/browser-test.ts';
import { documentTest, newPage } from '../support/document-test.ts';

const DOCUMENTS = ['docs/getting-started.md', 'docs/sockets.md'];

const test = documentTest(DOCUMENTS, { knowsOrigin: true })
	// oxlint-disable-next-line no-empty-pattern -- the runner reads there what a fixture needs
	.extend('fixture', { scope: 'file' }, ({}, life) => owned(life, documentApp(DOCUMENTS)))
	.extend('dev', { scope: 'file' }, ({ fixture }) => fixture.dev());

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

async function visit(browser: Browser, address: string, cookie: string): Promise<Page> {
	const [name = '', value = ''] = cookie.split('=');
	const page = await newPage(browser, address, { [name]: value });
	await page.goto(address);
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
async function expectPages(browser: Browser, url: string): Promise<void> {
	const [ada, bob] = [await signIn(url, 'Ada'), await signIn(url, 'Bob')];
	const report = await visit(browser, `${url}/report`, ada);
	await report.getByRole('log', { name: 'Chapters' }).getByText('Epilogue, for Ada').waitFor();
	await report.getByRole('button', { name: 'More' }).click();
	await report.getByText('you said more').waitFor();
	const [one, other] = [
		await visit(browser, `${url}/rooms/blue`, ada),
		await visit(browser, `${url}/rooms/blue`, bob)
	];
	await one.getByText('welcome to blue').waitFor();
	await other.getByText('welcome to blue').waitFor();
	await one.getByLabel('Say something').fill('good evening');
	await one.getByLabel('Say something').press('Enter');
	await other.getByText('Ada: good evening').waitFor();
	await other.getByText('2 messages').waitFor();
	for (const page of [report, one, other]) await page.context().close();
}

test('the app of docs/sockets.md has no error of types', async ({ app }) => {
	expect(await typeErrors(app)).toBe('');
});

test('vite preview has raw sockets', async ({ app, port }) => {
	const preview = await app.preview({ PORT: String(port) });
	await expectSockets(preview);
	await preview.stop();
});

test('in production raw sockets are there, and pages use them', async ({ browser, server }) => {
	await expectSockets(server);
	await expectPages(browser, server.url);
});

test('a shutdown closes them with 1001, and pages come back to the next process', async ({ server }) => {
	const cookie = await signIn(server.url, 'Ada');
	const client = await connect(server.url, '/rooms/red/socket', cookie);
	await client.next();
	const { code, ms } = await server.stop();
	expect(code, server.output()).toBe(0);
	expect(ms).toBeLessThan(5_000);
	expect(await client.closed).toMatchObject({ code: 1001 });
});

test('in development raw sockets are there before any page is, beside those of hot reload', async ({
	browser,
	dev
}) => {
	const early = await connect(dev.url, '/rooms/red/socket', 'nobody=1');
	expect((await early.closed).code).toBe(4401);
	await expectSockets(dev);
	await expectPages(browser, dev.url);
});

test('an edit of their module is there for the next socket, and the former ones are closed', async ({
	fixture,
	dev
}) => {
	const greet = async (): Promise<WsClient> => connect(dev.url, '/rooms/red/socket', await signIn(dev.url, 'Ada'));
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
