// Two people on one board, in two browsers, against the production build: whatever one does, the other sees at once.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { launchBrowser } from '../support/browser.ts';
import { startExample, type RunningExample } from '../support/example.ts';
import { BoardPage } from './support/board-page.ts';
import { median, watch } from './support/latency.ts';

/** What a person takes for "at once"; a promise of the project. */
const AT_ONCE_MS = 200;
/** The first round of each action also compiles code; the median of several is what people get. */
const ROUNDS = 5;

let folder: string;
let app: RunningExample;
let browser: Browser;

beforeAll(async () => {
	folder = mkdtempSync(join(tmpdir(), 'tidewire-board-'));
	app = await startExample('board', 'production', {
		BOARD_DB: join(folder, 'board.db'),
		LIVE_DB: join(folder, 'live.db')
	});
	browser = await launchBrowser();
});

afterAll(async () => {
	await browser?.close();
	await app?.stop();
	rmSync(folder, { recursive: true, force: true });
});

/** Text in the document, in an element of this kind. */
const shows = ({ testId, text }: { testId: string; text: string }): boolean =>
	[...document.querySelectorAll(`[data-testid="${testId}"]`)].some((element) => element.textContent?.includes(text));

const lacks = ({ testId, text }: { testId: string; text: string }): boolean =>
	![...document.querySelectorAll(`[data-testid="${testId}"]`)].some((element) => element.textContent?.includes(text));

/** A card in the column of this place. */
const cardIsIn = ({ column, title }: { column: number; title: string }): boolean =>
	[
		...(document.querySelectorAll('[data-testid="column"]')[column]?.querySelectorAll('[data-testid="card"]') ?? [])
	].some((card) => card.textContent?.includes(title));

/** Runs an action several times. Returns the median of the times until the other one saw it. */
async function timed(rounds: (round: number) => Promise<{ act: () => Promise<void>; seen: () => Promise<number> }>) {
	const times: number[] = [];
	for (let round = 0; round < ROUNDS; round++) {
		const { act, seen } = await rounds(round);
		const start = Date.now();
		await act();
		times.push((await seen()) - start);
	}
	return median(times);
}

describe.each(['Launch plan', 'Release history'])('on the board "%s"', (board) => {
	let ada: BoardPage;
	let ben: BoardPage;
	const title = (text: string): string => `${text} on ${board}`;

	beforeAll(async () => {
		ada = await BoardPage.open(browser, app.url, { person: `Ada ${board}`, board });
		ben = await BoardPage.open(browser, app.url, { person: `Ben ${board}`, board });
	});

	afterAll(async () => {
		await ada?.page.context().close();
		await ben?.page.context().close();
	});

	test('each sees that the other is here', async () => {
		await expect.poll(() => ada.page.getByTestId('presence').getByTestId('presence-person').count()).toBe(2);
		await expect.poll(() => ben.page.getByTestId('presence').getByTestId('presence-person').count()).toBe(2);
	});

	test('a new card appears at once', async () => {
		const time = await timed(async (round) => {
			await ada.writeCard(0, title(`Card ${round}`));
			const seen = await watch(ben.page, shows, { testId: 'card', text: title(`Card ${round}`) });
			return { act: () => ada.page.keyboard.press('Enter'), seen };
		});
		await ada.page.keyboard.press('Escape');
		expect(time).toBeLessThan(AT_ONCE_MS);
	});

	test('another title appears at once', async () => {
		const time = await timed(async (round) => {
			const [from, to] = [title(`Card ${round}`), title(`Renamed ${round}`)];
			await ben.editCard(from, to);
			const seen = await watch(ada.page, shows, { testId: 'card', text: to });
			return { act: () => ben.page.keyboard.press('Enter'), seen };
		});
		expect(time).toBeLessThan(AT_ONCE_MS);
	});

	test('a card that is moved by keys moves at once', async () => {
		const time = await timed(async (round) => {
			await ada.focusCard(title(`Renamed ${round}`));
			const seen = await watch(ben.page, cardIsIn, { column: 1, title: title(`Renamed ${round}`) });
			return { act: () => ada.page.keyboard.press('Shift+ArrowRight'), seen };
		});
		expect(time).toBeLessThan(AT_ONCE_MS);
	});

	test('a card that is dragged moves when it is let go', async () => {
		for (let round = 0; round < ROUNDS; round++) await ben.addCard(0, title(`Dragged ${round}`));
		const time = await timed(async (round) => {
			const name = title(`Dragged ${round}`);
			await ben.card(name).hover();
			await ben.page.mouse.down();
			const target = await ben.column(2).boundingBox();
			await ben.page.mouse.move((target?.x ?? 0) + 120, (target?.y ?? 0) + 100, { steps: 8 });
			const seen = await watch(ada.page, cardIsIn, { column: 2, title: name });
			return { act: () => ben.page.mouse.up(), seen };
		});
		expect(time).toBeLessThan(AT_ONCE_MS);
	});

	test('a deleted card is gone at once, and back when that is taken back', async () => {
		const time = await timed(async (round) => {
			const name = title(`Dragged ${round}`);
			await ada.focusCard(name);
			const seen = await watch(ben.page, lacks, { testId: 'card', text: name });
			return { act: () => ada.page.keyboard.press('Delete'), seen };
		});
		expect(time).toBeLessThan(AT_ONCE_MS);
		await ada.page.getByTestId('toast-action').last().click();
		await ben.card(title(`Dragged ${ROUNDS - 1}`)).waitFor();
	});

	test('the other sees who types, until the message is sent', async () => {
		const typists = ben.page.getByTestId('chat-typing');
		await ada.page.getByTestId('chat-input').pressSequentially('Hel');
		await expect.poll(() => typists.textContent()).toContain(`Ada ${board} is typing`);
		await ada.page.getByTestId('chat-input').press('Enter');
		await expect.poll(async () => (await typists.textContent())?.trim()).toBe('');
	});

	test('the other sees who writes a title, by keys alone', async () => {
		const name = title(`Dragged ${ROUNDS - 1}`);
		await ada.editCard(name, 'Something else');
		await expect
			.poll(() => ben.card(name).getByTestId('card-holder').textContent())
			.toBe(`Ada ${board} is writing`);
		await ada.page.keyboard.press('Escape');
		await expect
			.poll(() => ben.card(name).getByTestId('card-holder').allTextContents())
			.not.toContain(`Ada ${board} is writing`);
	});

	test('a message appears at once', async () => {
		const time = await timed(async (round) => {
			await ada.page.getByTestId('chat-input').fill(title(`Message ${round}`));
			const seen = await watch(ben.page, shows, { testId: 'chat-message', text: title(`Message ${round}`) });
			return { act: () => ada.page.getByTestId('chat-input').press('Enter'), seen };
		});
		expect(time).toBeLessThan(AT_ONCE_MS);
	});

	test("the other's pointer is seen where it points", async () => {
		const box = await ada.column(1).boundingBox();
		await ada.page.mouse.move((box?.x ?? 0) + 60, (box?.y ?? 0) + 90, { steps: 5 });
		const cursor = ben.page.getByTestId('remote-cursor');
		await cursor.first().waitFor();
		await expect
			.poll(async () => Math.abs(((await cursor.first().boundingBox())?.x ?? 0) - ((box?.x ?? 0) + 60)))
			.toBeLessThan(24);
	});

	test('both show the same cards in the same order, and no page has failed', async () => {
		expect(await ada.everything()).toEqual(await ben.everything());
		expect([...ada.errors, ...ben.errors]).toEqual([]);
	});
});
