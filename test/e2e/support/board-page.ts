// The board example as a person uses it: one browser context, signed in, on one board.
import type { Browser, Locator, Page } from 'playwright-core';

/** A message of the protocol that the page received. */
export type Received = [kind: string, ...fields: unknown[]];

interface Visit {
	person: string;
	/** A board's name. */
	board: string;
	/** Has the page before it connects. */
	prepare?: ((page: Page) => Promise<void>) | undefined;
}

export class BoardPage {
	readonly page: Page;
	readonly name: string;
	/** Everything that the server said to this page, over all its sockets. */
	readonly received: Received[] = [];
	/** Uncaught errors of the page. */
	readonly errors: string[] = [];

	private constructor(page: Page, name: string) {
		this.page = page;
		this.name = name;
		page.on('pageerror', (error) => this.errors.push(error.message));
		page.on('websocket', (socket) => {
			socket.on('framereceived', ({ payload }) => {
				for (const message of String(payload).split('\n')) this.received.push(JSON.parse(message) as Received);
			});
		});
	}

	/** Signs somebody in and opens a board. */
	static async open(browser: Browser, url: string, { person, board, prepare }: Visit): Promise<BoardPage> {
		const context = await browser.newContext({ viewport: { width: 1440, height: 900 } });
		const self = new BoardPage(await context.newPage(), person);
		await prepare?.(self.page);
		await self.page.goto(url);
		await self.page.getByTestId('sign-in-name').fill(person);
		await self.page.getByTestId('sign-in').click();
		await self.page.getByTestId('board-link').filter({ hasText: board }).click();
		await self.connected();
		return self;
	}

	/** Waits until the page is kept current. */
	async connected(): Promise<void> {
		await this.page.getByTestId('board').waitFor();
		await this.page.locator('[data-testid=connection-status]', { hasText: /live/i }).waitFor({ timeout: 20_000 });
	}

	columns(): Locator {
		return this.page.getByTestId('column');
	}

	column(index: number): Locator {
		return this.columns().nth(index);
	}

	/** The card of this title, wherever it is, as far as it is in the document. */
	card(title: string): Locator {
		return this.page.getByTestId('card').filter({ has: this.page.getByText(title, { exact: true }) });
	}

	/** Opens the field for a new card of a column. The card is made when Enter is pressed. */
	async writeCard(index: number, title: string): Promise<void> {
		await this.column(index).getByTestId('add-card').click();
		await this.column(index).getByTestId('card-title-input').fill(title);
	}

	async addCard(index: number, title: string): Promise<void> {
		await this.writeCard(index, title);
		await this.page.keyboard.press('Enter');
		await this.card(title).waitFor();
		await this.column(index).getByTestId('card-title-input').and(this.page.locator(':focus')).waitFor();
		await this.page.keyboard.press('Escape');
	}

	/** Writes so many cards into a column, one after another, as fast as they are taken. */
	async type(column: number, count: number): Promise<void> {
		await this.column(column).getByTestId('add-card').click();
		const input = this.column(column).getByTestId('card-title-input');
		for (let number = 0; number < count; number++) {
			await input.fill(`${this.name} ${number}`);
			await this.page.keyboard.press('Enter');
			await input.and(this.page.locator(':focus')).waitFor(); // the field for the next card
		}
		await this.page.keyboard.press('Escape');
	}

	async focusCard(title: string): Promise<void> {
		await this.card(title).focus();
	}

	/** Opens the editor of a card with another title in it. It is saved when Enter is pressed. */
	async editCard(title: string, next: string): Promise<void> {
		await this.focusCard(title);
		await this.page.keyboard.press('e');
		await this.page.getByTestId('card-title-input').fill(next);
	}

	/** The cards of every column by id and title, from top to bottom, also those that are not in the document now. */
	async everything(): Promise<string[][]> {
		return Promise.all((await this.columns().all()).map(cardsOf));
	}

	/** Ids of cards whose calls the server has answered with success. */
	acknowledged(): string[] {
		return this.received.flatMap(([kind, , value]) => (kind === 'result' && isCard(value) ? [value.id] : []));
	}
}

function isCard(value: unknown): value is { id: string } {
	return typeof value === 'object' && value !== null && 'columnId' in value;
}

/** Scrolls through a column's list and collects what it shows. */
async function cardsOf(column: Locator): Promise<string[]> {
	return column.getByTestId('column-cards').evaluate(async (list) => {
		const nextFrame = () => new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve)));
		const found = new Map<number, string>();
		for (let top = 0; ; top += list.clientHeight) {
			list.scrollTop = top;
			await nextFrame();
			for (const card of list.querySelectorAll<HTMLElement>('[data-testid=card]')) {
				const title = card.querySelector('[data-testid=card-title]')?.textContent?.trim();
				found.set(Number(card.ariaPosInSet), `${card.dataset['cardId']} ${title}`);
			}
			if (top + list.clientHeight >= list.scrollHeight) break;
		}
		list.scrollTop = 0;
		return [...found].toSorted(([one], [other]) => one - other).map(([, card]) => card);
	});
}
