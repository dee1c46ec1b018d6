// Files of cards, on two people's screens and on the server's disk.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Locator, Page, WebSocketRoute } from 'playwright-core';
import { expect } from 'vitest';
import type { BoardPage } from './support/board-page.ts';
import type { BoardServer } from './support/board-server.ts';
import { boardTest } from './support/board-test.ts';
import { expectNoErrors } from './support/two-people.ts';

const CARD = 'Sort a column by date';
const MIB = 1024 * 1024;

/** Whether bytes may go from Ada's browser to the server. */
let passes: (bytes: Buffer) => boolean = () => true;

/** Bytes of files go through our hands: on one machine nobody sees an upload that lasts. */
async function slow(page: Page): Promise<void> {
	const route = (socket: WebSocketRoute): void => {
		const server = socket.connectToServer();
		socket.onMessage((message) => {
			if (typeof message === 'string' || passes(message)) server.send(message);
		});
	};
	await page.routeWebSocket(/__live/, route);
}

const test = boardTest({ prepare: { Ada: slow } });

const stored = ({ folder }: BoardServer): string[] => readdirSync(join(folder, 'files')).toSorted();
const parts = (server: BoardServer): string[] => stored(server).filter((name) => name.endsWith('.part'));
const attachment = ({ page }: BoardPage, name: string): Locator =>
	page.locator(`[data-testid=attachment][data-name="${name}"]`);
const file = (name: string, mimeType: string, buffer: Buffer) => ({ name, mimeType, buffer });
const problem = ({ page }: BoardPage): Promise<string> => page.getByTestId('upload-problem').last().innerText();

async function attach({ page }: BoardPage, chosen: ReturnType<typeof file>): Promise<void> {
	await page.getByTestId('file-input').setInputFiles(chosen);
}

test('a file that one attaches, the other sees, and gets as it was', async ({ server, ada, ben }) => {
	await ada.focusCard(CARD);
	await ada.page.keyboard.press('a');
	const bytes = Buffer.concat([Buffer.from('%PDF-1.7\n'), Buffer.alloc(2 * MIB, 7)]);
	await attach(ada, file('../plan "2".pdf', 'application/pdf', bytes));
	await attachment(ada, 'plan "2".pdf'.replaceAll('"', '\\"')).waitFor();
	await ben.card(CARD).getByTestId('card-files-count').click();
	const [download] = await Promise.all([
		ben.page.waitForEvent('download'),
		ben.page.getByTestId('attachment-link').first().click()
	]);
	expect(readFileSync(await download.path()).equals(bytes)).toBe(true);
	await ben.page.getByTestId('tab-activity').evaluate((tab: HTMLElement) => tab.click());
	await expect
		.poll(() => ben.page.getByTestId('activity-entry').first().innerText())
		.toContain(`attached plan "2".pdf to “${CARD}”`);
	expect(stored(server)).toHaveLength(1);
	expect(stored(server)[0]).toMatch(/^[\w-]{18}$/);
});

test('an upload shows how far it is, and one that is stopped leaves nothing behind', async ({ server, ada, ben }) => {
	let sent = 0;
	passes = ({ length }) => (sent += length) <= MIB;
	await attach(ada, file('large.txt', 'text/plain', Buffer.alloc(4 * MIB, 'x')));
	const progress = ada.page.getByTestId('upload-progress');
	await expect.poll(async () => Number(await progress.getAttribute('value'))).toBeGreaterThan(0.2);
	expect(Number(await progress.getAttribute('value'))).toBeLessThanOrEqual(0.25);
	expect(parts(server)).toHaveLength(1);
	await ada.page.getByTestId('upload-stop').click();
	await expect.poll(() => parts(server)).toEqual([]);
	await ada.page.getByTestId('upload').waitFor({ state: 'detached' });
	// The server took no more, so no more than a window was ever sent to it.
	expect(sent).toBeLessThan(2 * MIB);
	passes = () => true;
	await attach(ada, file('small.txt', 'text/plain', Buffer.from('after it')));
	await attachment(ben, 'small.txt').waitFor();
});

test('what is no image, PDF or text is refused, whatever it says, and so is what is too large', async ({
	server,
	ada
}) => {
	await attach(ada, file('program.png', 'image/png', Buffer.from([0x4d, 0x5a, 0x90, 0, 3, 0, 0, 0, 4, 0, 0, 0])));
	await expect.poll(() => problem(ada)).toContain('Only images, PDFs and text');
	await attach(ada, file('huge.txt', 'text/plain', Buffer.alloc(5 * MIB + 1, 'x')));
	await expect.poll(() => problem(ada)).toContain('larger than 5 MiB');
	expect(stored(server)).toHaveLength(2);
});

test('a file is for those who may open its board, and nothing in it can run', async ({ server, ada, ben }) => {
	const path = await ben.page.getByTestId('attachment-link').first().getAttribute('href');
	const answer = await ben.page.request.get(`${server.url}${path}`);
	expect(answer.headers()).toMatchObject({
		'content-type': 'application/pdf',
		'content-disposition': `attachment; filename="plan _2_.pdf"; filename*=UTF-8''plan%20%222%22.pdf`,
		'x-content-type-options': 'nosniff',
		'content-security-policy': "default-src 'none'; sandbox"
	});
	expect((await fetch(`${server.url}${path}`)).status).toBe(401);
	const other = await privateBoard(server, ben);
	expect(other).toMatch(/^[\w-]{18}$/);
	const elsewhere = String(path).replace(/board\/[^/]+/, `board/${other}`);
	expect((await ben.page.request.get(`${server.url}${elsewhere}`)).status()).toBe(404);
	expect((await ada.page.request.get(`${server.url}/board/${other}/files/anything`)).status()).toBe(404);
});

test('a file that one deletes is gone for the other, and from the disk', async ({ server, ada, ben }) => {
	const remove = attachment(ada, 'small.txt').getByTestId('attachment-delete');
	await remove.click();
	expect(await attachment(ben, 'small.txt').count()).toBe(1);
	await remove.click();
	await attachment(ben, 'small.txt').waitFor({ state: 'detached' });
	await expect.poll(() => stored(server)).toHaveLength(1);
	await ben.page.keyboard.press('Escape');
	await expect.poll(() => ben.card(CARD).getByTestId('card-files-count').innerText()).toBe('1');
	expectNoErrors({ ada, ben });
});

/** Makes a board that only its owner sees, and returns its id. */
async function privateBoard(server: BoardServer, { page }: BoardPage): Promise<string> {
	const form = { name: 'Mine', private: 'on' };
	const answer = await page.request.post(`${server.url}/?/create`, {
		form,
		headers: { origin: server.url },
		maxRedirects: 0
	});
	const location = answer.headers()['location'] ?? ((await answer.json()) as { location: string }).location;
	return location.split('/').at(-1) ?? '';
}
