// The page of docs/bytes.md in a browser: a large file over connections that break.
import { once } from 'node:events';
import { connect, createServer, type Server, type Socket } from 'node:net';
import type { AddressInfo } from 'node:net';
import type { Page } from 'playwright-core';
import { expect } from 'vitest';
import { typeErrors } from '../../support/document-app.ts';
import { owned } from '../support/browser-test.ts';
import { documentTest } from '../support/document-test.ts';

const MIB = 1024 * 1024;

/** Passes bytes on, until it is told to cut everything. */
class Cable implements AsyncDisposable {
	readonly #server: Server;
	readonly #sockets = new Set<Socket>();

	private constructor(target: number) {
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

	static async to(target: number): Promise<Cable> {
		const cable = new Cable(target);
		cable.#server.listen(0, '127.0.0.1');
		await once(cable.#server, 'listening');
		return cable;
	}

	get url(): string {
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

const test = documentTest(['README.md', 'docs/bytes.md'])
	.extend('cable', { scope: 'file' }, ({ server }, life) => owned(life, Cable.to(server.port)))
	.extend('page', ({ cable, visit }) => visit(`${cable.url}/files`));

const progressOf = (page: Page): Promise<number> =>
	page.locator('progress').evaluate((bar) => (bar as HTMLProgressElement).value);

/** Gives the page a file, as a person does. */
async function choose(page: Page, name: string, bytes: number): Promise<void> {
	const buffer = Buffer.alloc(bytes, 'tide');
	await page.getByLabel('File').setInputFiles({ name, mimeType: 'application/pdf', buffer });
}

test('has no error of types', async ({ app }) => {
	expect(await typeErrors(app)).toBe('');
});

test('uploads 20 MiB with progress, over a connection that is lost twice', async ({ page, cable }) => {
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

test('stops an upload, and says why one is refused', async ({ page }) => {
	await choose(page, 'huge.pdf', 16 * MIB);
	await expect.poll(() => progressOf(page), { interval: 5 }).toBeGreaterThan(0);
	await page.getByRole('button', { name: 'Stop' }).click();
	await page.getByText('was cancelled').waitFor();
	await page.getByLabel('File').setInputFiles({ name: 'x.txt', mimeType: 'text/plain', buffer: Buffer.from('x') });
	await page.getByText('takes image/*, application/pdf').waitFor();
});
