// What stands beside the board: the feed, the figures and yesterday's digest, on two people's screens.
import { expect } from 'vitest';
import { storeAdditions } from './support/board-database.ts';
import type { BoardPage } from './support/board-page.ts';
import { BOARD, boardTest } from './support/board-test.ts';
import { expectNoErrors } from './support/two-people.ts';

const DAY_MS = 86_400_000;

const test = boardTest({ env: { DIGEST_SCHEDULE: '* * * * * *' } });

const firstEntry = async (who: BoardPage): Promise<string> => {
	const text = await who.page.getByTestId('activity-entry').first().innerText();
	return text.replaceAll(/\s+/g, ' ');
};

const figure = async (who: BoardPage, name: string): Promise<number> =>
	Number(await who.page.locator(`[data-testid=figure][data-figure=${name}]`).textContent());

test('the feed tells each what the other did, the newest first', async ({ ada, ben }) => {
	for (const who of [ada, ben]) await who.page.getByTestId('tab-activity').click();
	await ada.addCard(0, 'Ship it');
	await expect.poll(() => firstEntry(ben)).toContain('Ada added “Ship it” to Ideas');
	await ada.focusCard('Ship it');
	await ada.page.keyboard.press('Shift+ArrowRight');
	await expect.poll(() => firstEntry(ben)).toContain('Ada moved “Ship it” to Next');
	expect(await firstEntry(ada)).toContain('You moved “Ship it” to Next');
	await ben.editCard('Ship it', 'Ship it now');
	await ben.page.keyboard.press('Enter');
	await expect.poll(() => firstEntry(ada)).toContain('Ben renamed “Ship it” to “Ship it now”');
});

test('a card that moves within its column is nothing to tell', async ({ ada, ben }) => {
	await ada.focusCard('Ship it now');
	await ada.page.keyboard.press('Shift+ArrowDown');
	await ada.focusCard('Ship it now');
	await ada.page.keyboard.press('Delete');
	await expect.poll(() => firstEntry(ben)).toContain('Ada deleted “Ship it now”');
	expect(await ben.page.getByTestId('activity-entry').nth(1).innerText()).toContain('renamed');
	await ada.page.getByTestId('toast-action').last().click();
	await expect.poll(() => firstEntry(ben)).toContain('Ada brought back “Ship it now”');
});

test('the figures follow what the other does', async ({ ada, ben }) => {
	await ben.page.getByTestId('tab-statistics').click();
	await expect.poll(() => figure(ben, 'cards')).toBe(25);
	const [added, moved, done, messages] = await Promise.all(
		['added', 'moved', 'done', 'messages'].map((name) => figure(ben, name))
	);
	await ada.addCard(3, 'Nearly');
	await ada.focusCard('Nearly');
	await ada.page.keyboard.press('Shift+ArrowRight');
	await ada.page.getByTestId('tab-chat').click();
	await ada.page.getByTestId('chat-input').fill('Done!');
	await ada.page.getByTestId('chat-input').press('Enter');
	await expect.poll(() => figure(ben, 'messages')).toBe((messages ?? 0) + 1);
	const now = await Promise.all(['cards', 'added', 'moved', 'done'].map((name) => figure(ben, name)));
	expect(now).toEqual([26, (added ?? 0) + 1, (moved ?? 0) + 1, (done ?? 0) + 1]);
	expect(await ben.page.getByTestId('column-figure').last().innerText()).toMatch(/Done\s+8/);
	expect(await ben.page.getByTestId('active-person').first().innerText()).toContain('Ada');
});

test('who reads the figures is told of new messages', async ({ ada, ben }) => {
	const messages = await figure(ben, 'messages');
	await ada.page.getByTestId('chat-input').fill('Anybody there?');
	await ada.page.getByTestId('chat-input').press('Enter');
	await expect.poll(() => ben.page.getByTestId('chat-unread').textContent()).toBe('2');
	await expect.poll(() => figure(ben, 'messages')).toBe(messages + 1);
	await ben.page.getByTestId('tab-statistics').press('ArrowRight');
	await ben.page.getByTestId('chat-unread').waitFor({ state: 'detached' });
});

test('yesterday is told in a sentence, to those who look and to those who come', async ({ server, ada, ben }) => {
	await ben.page.getByTestId('tab-activity').click();
	expect(await ben.page.getByTestId('digest').count()).toBe(0);
	storeAdditions(server.database, BOARD, { count: 5, at: Date.now() - DAY_MS });
	await expect
		.poll(() => ben.page.getByTestId('digest').innerText(), { timeout: 5000 })
		.toMatch(/Yesterday\s+5 cards added/);
	await ada.page.reload();
	await ada.connected();
	await ada.page.getByTestId('tab-activity').click();
	await expect.poll(() => ada.page.getByTestId('digest').innerText()).toContain('5 cards added');
	expectNoErrors({ ada, ben });
});
