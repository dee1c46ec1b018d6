// The board in two processes that know nothing of each other but the service that BACKPLANE names: unchanged, on Redis,
// PostgreSQL and NATS. One of the processes is killed while both people type.
import { existsSync } from 'node:fs';
import { describe, expect } from 'vitest';
import { findServices, type ServiceName } from '../../scripts/lib/services.ts';
import { NatsServer } from '../support/services/nats.ts';
import { PostgresServer } from '../support/services/postgres.ts';
import { RedisServer } from '../support/services/redis.ts';
import { idsOf, storedCards } from './support/board-database.ts';
import { BoardPage } from './support/board-page.ts';
import { BoardServer } from './support/board-server.ts';
import { BOARD, boardTest } from './support/board-test.ts';
import { owned } from './support/browser-test.ts';
import { acknowledgedTo, expectNoErrors, expectToAgree, expectToSeeEachOther } from './support/two-people.ts';

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

/** Ben is on a second process, which has the database of the first one. */
const testOn = (start: () => Promise<Service>) =>
	boardTest()
		// oxlint-disable-next-line no-empty-pattern -- the runner reads there what a fixture needs
		.extend('service', { scope: 'file' }, ({}, life) => owned(life, start()))
		.extend('env', { scope: 'file' }, ({ service }) => ({ BACKPLANE: service.url }))
		.extend('second', { scope: 'file' }, ({ env, server: { database } }, life) =>
			owned(life, BoardServer.start({ env: { ...env, BOARD_DB: database } }))
		)
		.extend('ben', { scope: 'file' }, ({ browser, second }) =>
			BoardPage.open(browser, second.url, { person: 'Ben', board: BOARD })
		);

const SERVICES = Object.entries(STARTS).map(([name, start]) => ({
	name,
	isThere: existsSync(findServices().get(name as ServiceName) ?? ''),
	test: testOn(start)
}));

describe.each(SERVICES)('the board on $name', ({ isThere, test }) => {
	test.runIf(isThere)('what one person does, the other one sees on another process', async ({ ada, ben }) => {
		await expectToSeeEachOther({ ada, ben });
		expectNoErrors({ ada, ben });
	});

	test.runIf(isThere)(
		'a process that is killed while both type loses nothing that it acknowledged',
		async ({ server, second, ada, ben }) => {
			const typing = Promise.all([ada.type(0, CARDS_EACH), ben.type(1, CARDS_EACH)]);
			await expect.poll(() => ben.acknowledged().length, { timeout: 30_000 }).toBeGreaterThanOrEqual(KILL_AT);
			await second.crash();
			await typing;
			const shown = idsOf(await expectToAgree({ ada, ben }));
			expect(acknowledgedTo({ ada, ben }).filter((id) => !shown.includes(id))).toEqual([]);
			const stored = idsOf(storedCards(server.database, BOARD));
			expect(shown.filter((id) => !stored.includes(id))).toEqual([]);
			expectNoErrors({ ada, ben });
		}
	);
});
