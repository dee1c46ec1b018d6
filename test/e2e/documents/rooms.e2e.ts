// The app of docs/rooms.md, built, in Chromium: two people see one another come, type, point and go.
import type { Page } from 'playwright-core';
import { expect } from 'vitest';
import { fixtureFiles } from '../../docs/assemble.ts';
import { typeErrors } from '../../support/document-app.ts';
import { documentTest } from '../support/document-test.ts';

const CHESS = `<script lang="ts">
	import { announce, announcements, chess, play, sitDown } from '#lib/chess.live';
	const moves = chess('g');
	const meta = chess.meta('g');
	let seated = $state('');
	async function sit(role: string) {
		const { isIn, members } = await sitDown('g', role);
		seated = isIn + ' ' + members;
	}
</script>

<button onclick={() => sit('player')}>Play</button>
<button onclick={() => play('g', 'e2', 'e4')}>Move</button>
<button onclick={() => announce('check')}>Announce</button>
<p id="seated">{seated}</p>
<p id="turn">{meta.current?.turn}</p>
<p id="said">{announcements.current?.map(({ text }) => text).join()}</p>
{#if seated}<p id="moves">{moves.ready}{(moves.current ?? []).map(({ from, to }) => from + to).join()}</p>{/if}
`;

const SESSIONS = `import { defineLive } from 'tidewire/server';
export default defineLive({ session: ({ locals }) => locals.user && { user: locals.user } });
`;

const { 'src/hooks.server.ts': hooks = '', 'src/app.d.ts': types = '' } = fixtureFiles('guide');

const test = documentTest(['README.md', 'docs/rooms.md'], {
	files: {
		'src/hooks.server.ts': hooks,
		'src/app.d.ts': types,
		'src/hooks.live.ts': SESSIONS,
		'src/routes/chess/+page.svelte': CHESS
	}
});

const peopleOn = (page: Page): Promise<string[]> => page.locator('.person').allTextContents();

test('has no error of types', async ({ app }) => {
	expect(await typeErrors(app)).toBe('');
});

test('two people see one another come, type, point and go', async ({ visit }) => {
	const [ada, bob] = [await visit('/collab/b1', { user: 'ada' }), await visit('/collab/b1', { user: 'bob' })];
	for (const page of [ada, bob]) await expect.poll(async () => (await peopleOn(page)).length).toBe(2);
	await ada.getByLabel('Title').focus();
	await expect.poll(async () => (await peopleOn(bob)).filter((name) => name.includes('typing'))).toHaveLength(1);
	await ada.mouse.move(120, 80);
	await ada.mouse.move(200, 90);
	await expect.poll(() => bob.locator('.cursor').first().getAttribute('style')).toContain('left: 200px');
	await ada.getByLabel('Title').fill('Bread');
	await ada.getByRole('button', { name: 'Add' }).click();
	await bob.getByText('Bread', { exact: true }).waitFor();
	await ada.reload({ waitUntil: 'networkidle' });
	expect(await peopleOn(bob)).toHaveLength(2);
	await ada.context().close();
	await expect.poll(() => peopleOn(bob), { timeout: 10_000 }).toHaveLength(1);
});

test('a group tells its members, shows its metadata, and is joined by reading where it says so', async ({ visit }) => {
	const page = await visit('/chess', { user: 'ada' });
	await expect.poll(() => page.locator('#turn').textContent()).toBe('white');
	await page.getByRole('button', { name: 'Play' }).click();
	await expect.poll(() => page.locator('#seated').textContent()).toBe('true 1');
	await expect.poll(() => page.locator('#moves').textContent()).toBe('true');
	await page.getByRole('button', { name: 'Announce' }).click();
	await expect.poll(() => page.locator('#said').textContent()).toBe('check');
	await page.getByRole('button', { name: 'Move' }).click();
	await expect.poll(() => page.locator('#turn').textContent()).toBe('black');
	await expect.poll(() => page.locator('#moves').textContent()).toBe('truee2e4');
});
