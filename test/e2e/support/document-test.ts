// The documents, believed: the files that they show are put together, type-checked, built and used in a browser.
import type { Browser, Page, WebSocket as PageSocket } from 'playwright-core';
import { freePort } from '../../../scripts/lib/port.ts';
import { createClient, type Client } from '../../../src/client/client.ts';
import { documentApp, type DocumentAppOptions } from '../../support/document-app.ts';
import type { Fixture } from '../../support/fixture.ts';
import { browserTest, owned } from './browser-test.ts';

type Cookies = Record<string, string>;

export interface DocumentTestOptions extends DocumentAppOptions {
	/** Added to the environment of the server in production. */
	server?: Record<string, string>;
	/** Whether it is told its own address, as apps are whose forms are used. */
	knowsOrigin?: boolean;
}

/** Tests of the app that some documents show: as it was built, in production, and for those who come to it. */
export const documentTest = (documents: string[], options: DocumentTestOptions = {}) =>
	browserTest
		.extend('port', { scope: 'file' }, () => freePort())
		.extend('app', { scope: 'file' }, ({ port }, life) => owned(life, built(documents, options, port)))
		.extend('server', { scope: 'file' }, ({ app, port }) =>
			app.start('build', { PORT: String(port), ...options.server })
		)
		.extend('visit', { scope: 'file' }, ({ browser, server }) => (path: string, cookies?: Cookies) => {
			return visit(browser, new URL(path, server.url).href, cookies);
		})
		// Outside of any page, for what no page of the documents shows.
		.extend('clientOf', { scope: 'file' }, ({ server }) => (cookie: string, url = server.socketUrl): Client => {
			return clientWith(cookie, url);
		});

async function built(documents: string[], options: DocumentTestOptions, port: number): Promise<Fixture> {
	const origin = options.knowsOrigin ? { ORIGIN: `http://127.0.0.1:${port}` } : {};
	const app = documentApp(documents, { ...options, env: { ...origin, ...options.env } });
	try {
		await app.build();
	} catch (error) {
		await app[Symbol.asyncDispose]();
		throw error;
	}
	return app;
}

/** An empty page of a person of its own. */
export async function newPage(browser: Browser, url: string, cookies: Cookies = {}): Promise<Page> {
	const context = await browser.newContext();
	const { origin } = new URL(url);
	await context.addCookies(Object.entries(cookies).map(([name, value]) => ({ name, value, url: origin })));
	return await context.newPage();
}

/** A page in use: it answers to its buttons, and its socket is open where it has one. */
async function visit(browser: Browser, url: string, cookies?: Cookies): Promise<Page> {
	const welcomes: Promise<unknown>[] = [];
	const onSocket = (socket: PageSocket): void =>
		void welcomes.push(new Promise((resolve) => socket.once('framereceived', resolve)));
	const page = await newPage(browser, url, cookies);
	page.on('websocket', onSocket);
	await page.goto(url);
	await hydrated(page);
	page.off('websocket', onSocket);
	await Promise.all(welcomes);
	return page;
}

/** Waits until a page of SvelteKit answers to its buttons: then it takes care of scrolling by itself. */
export async function hydrated(page: Page): Promise<void> {
	await page.waitForFunction(() => history.scrollRestoration === 'manual');
}

function clientWith(cookie: string, url: string): Client {
	const withCookie = class extends WebSocket {
		constructor(url: string) {
			super(url, { headers: { cookie } } as unknown as string[]);
		}
	};
	return createClient({ url, WebSocket: withCookie });
}
