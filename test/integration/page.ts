// A page of a fixture app in Chromium, with what tests look at: how often it loaded, its sockets, what it shows.
import type { Browser, Page } from 'playwright-core';
import type { RunningApp } from '../support/fixture.ts';

export class LivePage {
	readonly page: Page;
	/** How often the page was loaded. */
	loads = 0;
	/** Live sockets that were opened, and those that were closed. */
	readonly sockets = { opened: 0, closed: 0 };
	/** Errors that reached nobody. */
	readonly errors: string[] = [];

	constructor(page: Page) {
		this.page = page;
		page.on('load', () => this.loads++);
		page.on('pageerror', (error) => this.errors.push(error.message));
		page.on('websocket', (socket) => {
			if (!socket.url().endsWith('/__live')) return;
			this.sockets.opened++;
			socket.on('close', () => this.sockets.closed++);
		});
	}

	static async open(browser: Browser, app: RunningApp, path = '/'): Promise<LivePage> {
		const context = await browser.newContext();
		await context.addCookies([{ name: 'user', value: 'ada', url: app.url }]);
		const live = new LivePage(await context.newPage());
		await live.page.goto(app.url + path);
		return live;
	}

	/** Waits until an element shows a text. */
	async shows(selector: string, text: string): Promise<void> {
		await this.page
			.locator(selector)
			.filter({ hasText: new RegExp(`^${text}$`) })
			.waitFor({ timeout: 15_000 });
	}

	text(selector: string): Promise<string | null> {
		return this.page.locator(selector).textContent();
	}

	/** Clicks also where Vite's error overlay lies over the page. */
	async click(selector: string): Promise<void> {
		await this.page.locator(selector).dispatchEvent('click');
	}
}
