// The page of docs/bytes.md in a browser: a large file over connections that break.
import { once } from 'node:events';
import { connect, createServer, type Server, type Socket } from 'node:net';
import type { AddressInfo } from 'node:net';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { launchBrowser } from '../support/browser.ts';
import { documentApp, typeErrors } from '../support/document-app.ts';
import type { Fixture } from '../support/fixture.ts';

const MIB = 1024 * 1024;

/** Passes bytes on, until it is told to cut everything. */
class Cable implements AsyncDisposable {
	readonly #server: Server;
	readonly #sockets = new Set<Socket>();

	constructor(target: number) {
		this.#server = createServer((near) => {
			const far = connect(target, '127.0.0.1');
			for (const socket of [near, far]) {
				this.#sockets.add(socket);
				socket.on('error', () => {});
				socket.on('close', () => this.#sockets.delete(socket));
			}
			near.pipe(far).pipe(near);
		});
	}

	async listen(): Promise<string> {
		this.#server.listen(0, '127.0.0.1');
		await once(this.#server, 'listening');
		return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
	}

	cut(): void {
		for (const socket of this.#sockets) socket.destroy();
	}

	async [Symbol.asyncDispose](): Promise<void> {
		this.cut();
		this.#server.close();
		await once(this.#server, 'close');
	}
}

let browser: Browser;
let app: Fixture;
let cable: Cable;
let url: string;

beforeAll(async () => {
	browser = await launchBrowser();
	app = documentApp(['README.md', 'docs/bytes.md']);
	await app.build();
	const server = await app.start();
	cable = new Cable(Number(new URL(server.url).port));
	url = await cable.listen();
});

afterAll(async () => {
	await cable?.[Symbol.asyncDispose]();
	await app?.[Symbol.asyncDispose]();
	await browser?.close();
});

const progressOf = (page: Page): Promise<number> =>
	page.locator('progress').evaluate((bar) => (bar as HTMLProgressElement).value);

/** Gives the page a file, as a person does. */
async function choose(page: Page, name: string, bytes: number): Promise<void> {
	const buffer = Buffer.alloc(bytes, 'tide');
	await page.getByLabel('File').setInputFiles({ name, mimeType: 'application/pdf', buffer });
}

async function open(): Promise<Page> {
	const page = await browser.newPage();
	await page.goto(`${url}/files`, { waitUntil: 'networkidle' });
	return page;
}

describe('the page of docs/bytes.md', () => {
	test('has no error of types', async () => {
		expect(await typeErrors(app)).toBe('');
	});

	test('uploads 20 MiB with progress, over a connection that is lost twice', async () => {
		const page = await open();
		await choose(page, 'tide.pdf', 20 * MIB);
		const seen: number[] = [];
		for (const part of [0.2, 0.6]) {
			await expect.poll(() => progressOf(page), { interval: 5, timeout: 20_000 }).toBeGreaterThan(part);
			cable.cut();
			seen.push(await progressOf(page));
		}
		await page.getByText('Stored at /files/card-1-tide.pdf').waitFor({ timeout: 25_000 });
		expect(seen.every((progress) => progress > 0 && progress < 1)).toBe(true);
		expect(await progressOf(page)).toBe(1);
	});

	test('stops an upload, and says why one is refused', async () => {
		const page = await open();
		await choose(page, 'huge.pdf', 16 * MIB);
		await expect.poll(() => progressOf(page), { interval: 5 }).toBeGreaterThan(0);
		await page.getByRole('button', { name: 'Stop' }).click();
		await page.getByText('was cancelled').waitFor();
		await page
			.getByLabel('File')
			.setInputFiles({ name: 'x.txt', mimeType: 'text/plain', buffer: Buffer.from('x') });
		await page.getByText('takes image/*, application/pdf').waitFor();
	});
});
