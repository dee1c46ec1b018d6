// The documents, believed: the files that they show are put together, type-checked, built and used in a browser.
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { freePort } from '../../scripts/lib/port.ts';
import { launchBrowser } from '../support/browser.ts';
import { documentApp, typeErrors } from '../support/document-app.ts';
import type { Fixture, RunningApp } from '../support/fixture.ts';

let browser: Browser;

beforeAll(async () => {
	browser = await launchBrowser();
});

afterAll(async () => {
	await browser?.close();
});

/** A page of a person of its own. */
async function visit(url: string): Promise<Page> {
	const context = await browser.newContext();
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
		expect(await one.getByText('Believe it').count()).toBe(1);
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
		app = documentApp(['docs/getting-started.md'], { ORIGIN: url });
		await app.build();
		await app.start('build', { PORT: port });
	});

	afterAll(async () => {
		await app?.[Symbol.asyncDispose]();
	});

	async function signIn(name: string): Promise<Page> {
		const page = await visit(url);
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
		expect(await bob.getByText('Bread').count()).toBe(0);
	});

	test('the list is in the page that the server renders', async () => {
		const ada = await signIn('Ada');
		await bring(ada, 'Salt');
		await ada.getByText('Salt (Ada)').waitFor();
		await expect.poll(async () => (await ada.request.get(url)).text()).toContain('Salt');
	});

	test('what the server refuses is taken back, and the reason shown', async () => {
		const ada = await signIn('Ada');
		await bring(ada, '  ');
		await ada.getByText('Say what it is').waitFor();
		expect(await ada.getByRole('button', { name: /^Remove\s*$/ }).count()).toBe(0);
	});
});
