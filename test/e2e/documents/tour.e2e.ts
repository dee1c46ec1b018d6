// The tour of README.md: what it shows is an app, and does what it says.
import { expect } from 'vitest';
import { typeErrors } from '../../support/document-app.ts';
import { documentTest } from '../support/document-test.ts';

const test = documentTest(['README.md']);

test('has no error of types', async ({ app }) => {
	expect(await typeErrors(app)).toBe('');
});

test('what one page adds, the other shows', async ({ visit }) => {
	const [one, other] = [await visit('/'), await visit('/')];
	await other.getByText('Read the tour').waitFor();
	await one.getByPlaceholder('What is to be done?').fill('Believe it');
	await one.getByRole('button', { name: 'Add' }).click();
	await other.getByText('Believe it').waitFor();
	await expect.poll(() => one.getByText('Believe it').count()).toBe(1);
});

test('nothing of the live module reaches the browser', async ({ visit }) => {
	const page = await visit('/');
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
