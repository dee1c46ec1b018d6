// The app of docs/getting-started.md: a list that people share, from the first page to an edit while they use it.
import type { Page } from 'playwright-core';
import { expect } from 'vitest';
import { documentApp, typeErrors } from '../../support/document-app.ts';
import { documentTest, hydrated, newPage } from '../support/document-test.ts';

const DOCUMENTS = ['docs/getting-started.md'];

const test = documentTest(DOCUMENTS, { knowsOrigin: true }).extend(
	'signIn',
	{ scope: 'file' },
	({ visit }) =>
		async (name: string) => {
			const page = await visit('/');
			await enter(page, name);
			await hydrated(page);
			return page;
		}
);

async function enter(page: Page, name: string): Promise<void> {
	await page.getByPlaceholder('Your name').fill(name);
	await page.getByRole('button', { name: 'Sign in' }).click();
	await page.getByRole('heading', { name: `Hello ${name}` }).waitFor();
}

async function bring(page: Page, title: string): Promise<void> {
	await page.getByLabel('Something to bring').fill(title);
	await page.getByRole('button', { name: 'Add' }).click();
}

test('has no error of types', async ({ app }) => {
	expect(await typeErrors(app)).toBe('');
});

test('whoever is not signed in is sent to sign in', async ({ visit }) => {
	const page = await visit('/');
	expect(new URL(page.url()).pathname).toBe('/sign-in');
});

test('two people share the list', async ({ signIn }) => {
	const [ada, bob] = [await signIn('Ada'), await signIn('Bob')];
	await bring(ada, 'Bread');
	await bob.getByText('Bread (Ada)').waitFor();
	await bob.getByRole('button', { name: 'Remove Bread' }).click();
	await ada.getByText('Bread (Ada)').waitFor({ state: 'detached' });
	await expect.poll(() => bob.getByText('Bread').count()).toBe(0);
});

test('the list is in the page that the server renders', async ({ server, signIn }) => {
	const ada = await signIn('Ada');
	await bring(ada, 'Salt');
	await ada.getByText('Salt (Ada)').waitFor();
	await expect.poll(async () => (await ada.request.get(server.url)).text()).toContain('Salt');
});

test('in development the module can be edited while people use it', async ({ browser }) => {
	await using inDevelopment = documentApp(DOCUMENTS);
	const dev = await inDevelopment.dev();
	const ada = await newPage(browser, dev.url);
	await ada.goto(dev.url);
	// Vite may find a dependency, and load the page again.
	await ada.waitForLoadState('networkidle');
	await enter(ada, 'Ada');
	await ada.waitForLoadState('networkidle');
	await bring(ada, 'Oil');
	await ada.getByText('Oil (Ada)').waitFor();
	inDevelopment.edit('src/lib/list.live.ts', 'by: ctx.user.name', 'by: `kind ${ctx.user.name}`');
	await dev.printed(/reloaded src\/lib\/list\.live\.ts/);
	await bring(ada, 'Wine');
	await ada.getByText('Wine (kind Ada)').waitFor();
	expect(await ada.getByText('Oil (Ada)').count()).toBe(1);
});

test('what the server refuses is taken back, and the reason shown', async ({ signIn }) => {
	const ada = await signIn('Ada');
	await bring(ada, '  ');
	await ada.getByText('Say what it is').waitFor();
	expect(await ada.getByRole('button', { name: /^Remove\s*$/ }).count()).toBe(0);
});
