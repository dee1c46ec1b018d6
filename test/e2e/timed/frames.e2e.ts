// A flood of messages in a real browser: the page is drawn once per animation frame, and nothing of the flood is lost.
import type { Page, WebSocketRoute } from 'playwright-core';
import { expect } from 'vitest';
import { boardTest } from '../support/board-test.ts';

const MESSAGES = 400;
/** Renders for other reasons: the first message of a flood, and what the page does by itself. */
const OTHERS = 5;

type Row = Record<string, unknown>;
type EventMessage = [kind: 'event', alias: number, offset: number, event: string, row: Row];

/** Stands between a page and the server, and can say to the page what it likes. */
class Between {
	#route: WebSocketRoute | undefined;
	#latest: EventMessage | undefined;

	readonly join = async (page: Page): Promise<void> => {
		await page.routeWebSocket(/__live/, (route) => {
			this.#route = route;
			route.connectToServer().onMessage((text) => {
				for (const message of String(text).split('\n')) {
					if (message.startsWith('["event"') && message.includes('"title"')) {
						this.#latest = JSON.parse(message) as EventMessage;
					}
				}
				route.send(text);
			});
		});
	};

	/** Renames the card that was changed last, again and again, each time by a message of its own. */
	flood(count: number, title: (index: number) => string): void {
		if (!this.#latest) throw new Error('no event of a card has come by');
		const [kind, alias, offset, , row] = this.#latest;
		for (let index = 1; index <= count; index++) {
			const message = [kind, alias, offset + index, 'updated', { ...row, title: title(index) }];
			this.#route?.send(JSON.stringify(message));
		}
	}
}

/** Counts changes of the document, each with all that follows one another without a pause, and frames. */
function startCounting(): void {
	const counted = { changes: 0, frames: 0 };
	const observer = new MutationObserver(() => void counted.changes++);
	observer.observe(document, { subtree: true, childList: true, characterData: true });
	const onFrame = (): void => {
		counted.frames++;
		requestAnimationFrame(onFrame);
	};
	requestAnimationFrame(onFrame);
	Object.assign(globalThis, { counted });
}

const readCounts = (): { changes: number; frames: number } =>
	(globalThis as unknown as { counted: { changes: number; frames: number } }).counted;

const between = new Between();
const test = boardTest({ prepare: { Ben: between.join } });

test('a flood of messages is drawn once per animation frame, up to its last one', async ({ ada, ben }) => {
	await ada.addCard(0, 'Quiet');
	await ben.card('Quiet').waitFor();

	await ben.page.evaluate(startCounting);
	between.flood(MESSAGES, (index) => `Flood ${index}`);
	await ben.card(`Flood ${MESSAGES}`).waitFor();

	const { changes, frames } = await ben.page.evaluate(readCounts);
	expect(frames).toBeLessThan(MESSAGES / 2); // otherwise it was no flood
	expect(changes).toBeLessThanOrEqual(frames + OTHERS);
	expect(ben.errors).toEqual([]);
});
