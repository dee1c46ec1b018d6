// The board in two processes that know nothing of each other but the service that BACKPLANE names: unchanged, on Redis,
// PostgreSQL and NATS. One of the processes is killed while both people type.
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { findServices, type ServiceName } from '../../scripts/lib/services.ts';
import { launchBrowser } from '../support/browser.ts';
import { startExample, type RunningExample } from '../support/example.ts';
import { NatsServer } from '../support/services/nats.ts';
import { PostgresServer } from '../support/services/postgres.ts';
import { RedisServer } from '../support/services/redis.ts';
import { idsOf, storedCards } from './support/board-database.ts';
import { BoardPage } from './support/board-page.ts';

const BOARD = 'Launch plan';
const CARDS_EACH = 20;
const KILL_AT = 8;

interface Service extends AsyncDisposable {
	url: string;
}

const STARTS: Record<ServiceName, () => Promise<Service>> = {
	Redis: () => RedisServer.start(),
	PostgreSQL: async () => {
		const server = await PostgresServer.start();
		return { url: server.url(), [Symbol.asyncDispose]: () => server[Symbol.asyncDispose]() };
	},
	NATS: () => NatsServer.start()
};

let browser: Browser;
beforeAll(async () => {
	browser = await launchBrowser();
});
afterAll(() => browser?.close());

describe.each(Object.entries(STARTS))('the board on %s', (name, start) => {
	const isThere = existsSync(findServices().get(name as ServiceName) ?? '');
	let folder: string;
	let service: Service;
	let apps: RunningExample[] = [];
	let ada: BoardPage;
	let ben: BoardPage;

	const startApp = (port?: string): Promise<RunningExample> =>
		startExample('board', 'production', {
			BOARD_DB: join(folder, 'board.db'),
			BACKPLANE: service.url,
			...(port && { PORT: port })
		});

	beforeAll(async () => {
		if (!isThere) return;
		folder = mkdtempSync(join(tmpdir(), 'tidewire-backplanes-'));
		service = await start();
		apps = [await startApp(), await startApp()];
		const [one, other] = apps.map(({ url }) => url) as [string, string];
		ada = await BoardPage.open(browser, one, { person: 'Ada', board: BOARD });
		ben = await BoardPage.open(browser, other, { person: 'Ben', board: BOARD });
	});

	afterAll(async () => {
		await Promise.all(apps.map((app) => app.stop()));
		await service?.[Symbol.asyncDispose]();
		if (folder) rmSync(folder, { recursive: true, force: true });
	});

	test.runIf(isThere)('what one person does, the other one sees on another process', async () => {
		await ada.addCard(0, 'from Ada');
		await ben.card('from Ada').waitFor();
		await ben.addCard(1, 'from Ben');
		await ada.card('from Ben').waitFor();
		expect([...ada.errors, ...ben.errors]).toEqual([]);
	});

	test.runIf(isThere)('a process that is killed while both type loses nothing that it acknowledged', async () => {
		const typing = Promise.all([ada.type(0, CARDS_EACH), ben.type(1, CARDS_EACH)]);
		await expect.poll(() => ben.acknowledged().length, { timeout: 30_000 }).toBeGreaterThanOrEqual(KILL_AT);
		const port = new URL(apps[1]!.url).port;
		await apps[1]!.kill();
		apps[1] = await startApp(port);
		await typing;
		await Promise.all([ada.connected(), ben.connected()]);
		await ada.addCard(2, 'the last one');
		await ben.card('the last one').waitFor();
		const acknowledged = (): string[] => [...ada.acknowledged(), ...ben.acknowledged()];
		const both = async () => [await ada.everything(), await ben.everything()] as const;
		await expect.poll(both, { timeout: 20_000 }).toSatisfy(([one, other]) => isDeepStrictEqual(one, other));
		const shown = idsOf(await ada.everything());
		expect(acknowledged().filter((id) => !shown.includes(id))).toEqual([]);
		const stored = idsOf(storedCards(join(folder, 'board.db'), BOARD));
		expect(shown.filter((id) => !stored.includes(id))).toEqual([]);
		expect([...ada.errors, ...ben.errors]).toEqual([]);
	});
});
