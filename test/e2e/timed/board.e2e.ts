// Two people on one board, in two browsers, against the production build: whatever one does, the other sees at once.
import { describe, expect } from 'vitest';
import { storedCards } from '../support/board-database.ts';
import { BOARD, boardTest } from '../support/board-test.ts';
import { median, watch } from '../support/latency.ts';
import { expectNoErrors } from '../support/two-people.ts';

/** What a person takes for "at once"; a promise of the project. */
const AT_ONCE_MS = 200;
/** The first round of each action also compiles code; the median of several is what people get. */
const ROUNDS = 5;

/** A board as it comes, and one of thousands of cards. */
const BOARDS = [BOARD, 'Release history'].map((board) => ({ board, test: boardTest({ board }) }));

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

describe.each(BOARDS)('on the board "$board"', ({ board, test }) => {
	test('each sees that the other is here', async ({ ada, ben }) => {
		await expect.poll(() => ada.page.getByTestId('presence').getByTestId('presence-person').count()).toBe(2);
		await expect.poll(() => ben.page.getByTestId('presence').getByTestId('presence-person').count()).toBe(2);
	});

	test('a new card appears at once', async ({ ada, ben }) => {
		const time = await timed(async (round) => {
			await ada.writeCard(0, `Card ${round}`);
			const seen = await watch(ben.page, shows, { testId: 'card', text: `Card ${round}` });
			return { act: () => ada.page.keyboard.press('Enter'), seen };
		});
		await ada.page.keyboard.press('Escape');
		expect(time).toBeLessThan(AT_ONCE_MS);
	});

	test('another title appears at once', async ({ ada, ben }) => {
		const time = await timed(async (round) => {
			const [from, to] = [`Card ${round}`, `Renamed ${round}`];
			await ben.editCard(from, to);
			const seen = await watch(ada.page, shows, { testId: 'card', text: to });
			return { act: () => ben.page.keyboard.press('Enter'), seen };
		});
		expect(time).toBeLessThan(AT_ONCE_MS);
	});

	test('a card that is moved by keys moves at once', async ({ ada, ben }) => {
		const time = await timed(async (round) => {
			await ada.focusCard(`Renamed ${round}`);
			const seen = await watch(ben.page, cardIsIn, { column: 1, title: `Renamed ${round}` });
			return { act: () => ada.page.keyboard.press('Shift+ArrowRight'), seen };
		});
		expect(time).toBeLessThan(AT_ONCE_MS);
	});

	test('a card that is dragged moves when it is let go', async ({ ada, ben }) => {
		for (let round = 0; round < ROUNDS; round++) await ben.addCard(0, `Dragged ${round}`);
		const time = await timed(async (round) => {
			const name = `Dragged ${round}`;
			await ben.card(name).hover();
			await ben.page.mouse.down();
			const target = await ben.column(2).boundingBox();
			await ben.page.mouse.move((target?.x ?? 0) + 120, (target?.y ?? 0) + 100, { steps: 8 });
			const seen = await watch(ada.page, cardIsIn, { column: 2, title: name });
			return { act: () => ben.page.mouse.up(), seen };
		});
		expect(time).toBeLessThan(AT_ONCE_MS);
	});

	test('a deleted card is gone at once, and back when that is taken back', async ({ ada, ben }) => {
		const time = await timed(async (round) => {
			const name = `Dragged ${round}`;
			await ada.focusCard(name);
			const seen = await watch(ben.page, lacks, { testId: 'card', text: name });
			return { act: () => ada.page.keyboard.press('Delete'), seen };
		});
		expect(time).toBeLessThan(AT_ONCE_MS);
		await ada.page.getByTestId('toast-action').last().click();
		await ben.card(`Dragged ${ROUNDS - 1}`).waitFor();
	});

	test('the other sees who types, until the message is sent', async ({ ada, ben }) => {
		const typists = ben.page.getByTestId('chat-typing');
		await ada.page.getByTestId('chat-input').pressSequentially('Hel');
		await expect.poll(() => typists.textContent()).toContain('Ada is typing');
		await ada.page.getByTestId('chat-input').press('Enter');
		await expect.poll(async () => (await typists.textContent())?.trim()).toBe('');
	});

	test('the other sees who writes a title, by keys alone', async ({ ada, ben }) => {
		const name = `Dragged ${ROUNDS - 1}`;
		await ada.editCard(name, 'Something else');
		await expect.poll(() => ben.card(name).getByTestId('card-holder').textContent()).toBe('Ada is writing');
		await ada.page.keyboard.press('Escape');
		await expect
			.poll(() => ben.card(name).getByTestId('card-holder').allTextContents())
			.not.toContain('Ada is writing');
	});

	test('a message appears at once', async ({ ada, ben }) => {
		const time = await timed(async (round) => {
			await ada.page.getByTestId('chat-input').fill(`Message ${round}`);
			const seen = await watch(ben.page, shows, { testId: 'chat-message', text: `Message ${round}` });
			return { act: () => ada.page.getByTestId('chat-input').press('Enter'), seen };
		});
		expect(time).toBeLessThan(AT_ONCE_MS);
	});

	test("the other's pointer is seen where it points", async ({ ada, ben }) => {
		const box = await ada.column(1).boundingBox();
		await ada.page.mouse.move((box?.x ?? 0) + 60, (box?.y ?? 0) + 90, { steps: 5 });
		const cursor = ben.page.getByTestId('remote-cursor');
		await cursor.first().waitFor();
		await expect
			.poll(async () => Math.abs(((await cursor.first().boundingBox())?.x ?? 0) - ((box?.x ?? 0) + 60)))
			.toBeLessThan(24);
	});

	test('both show what is stored, in the same order, and no page has failed', async ({ server, ada, ben }) => {
		const stored = storedCards(server.database, board);
		expect(await Promise.all([ada.everything(), ben.everything()])).toEqual([stored, stored]);
		expectNoErrors({ ada, ben });
	});
});
