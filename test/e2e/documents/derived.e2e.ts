// The app of docs/derived.md, built, in Chromium: everything runs without being activated.
import { expect } from 'vitest';
import { typeErrors } from '../../support/document-app.ts';
import { documentTest } from '../support/document-test.ts';

const PAGE = `<script lang="ts">
	import { dashboard } from '#lib/dashboard.live';
	import { digest } from '#lib/jobs.live';
	import { addOrder } from '#lib/shop.live';
	import { orderStats } from '#lib/stats.live';
	let refusal = $state('');
	function look() {
		try {
			void digest.schedule;
		} catch (error) {
			refusal = String(error);
		}
	}
</script>

<p id="dashboard">{dashboard.current?.orders}</p>
<p id="stats">{orderStats.current?.count} of {orderStats.current?.average}</p>
<p id="refusal">{refusal}</p>
<button onclick={() => addOrder(crypto.randomUUID(), 10)}>Order</button>
<button onclick={look}>Look</button>
`;

const test = documentTest(['README.md', 'docs/derived.md'], { files: { 'src/routes/+page.svelte': PAGE } }).extend(
	'page',
	{ scope: 'file' },
	({ visit }) => visit('/')
);

test('has no error of types', async ({ app }) => {
	expect(await typeErrors(app)).toBe('');
});

test('derives and counts by itself', async ({ page }) => {
	await expect.poll(() => page.locator('#dashboard').textContent()).toBe('7');
	await page.getByRole('button', { name: 'Order' }).click();
	await expect.poll(() => page.locator('#stats').textContent()).toBe('1 of 10');
	await page.getByRole('button', { name: 'Order' }).click();
	await expect.poll(() => page.locator('#stats').textContent()).toBe('2 of 10');
});

test('says in the browser that a job runs on the server', async ({ page }) => {
	await page.getByRole('button', { name: 'Look' }).click();
	await expect.poll(() => page.locator('#refusal').textContent()).toContain('"lib/jobs/digest" runs by itself');
});
