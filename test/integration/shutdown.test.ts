import { afterAll, beforeAll, expect, test } from 'vitest';
import { Fixture } from '../support/fixture.ts';
import { LiveClient } from '../support/live-client.ts';

// As many as one user may have connections, times as many users.
const USERS = 50;
const SOCKETS_PER_USER = 20;
const RUNNING_CALLS = 50;

let fixture: Fixture;
beforeAll(async () => {
	fixture = new Fixture('kit3', { without: ['src/routes/awaited'] });
	await fixture.build();
});
afterAll(() => fixture[Symbol.asyncDispose]());

test('a server with 1,000 sockets and 50 running calls answers the calls, says goodbye to all and ends with 0', async () => {
	const app = await fixture.start();
	const users = Array.from({ length: USERS }, (_, index) => `user-${index}`);
	const clients: LiveClient[] = [];
	for (const user of users) {
		const sockets = Array.from({ length: SOCKETS_PER_USER }, () => LiveClient.connect(app.socketUrl, user));
		clients.push(...(await Promise.all(sockets)));
	}
	await Promise.all(clients.map((client) => client.first(({ kind }) => kind === 'welcome')));
	const calls = clients.slice(0, RUNNING_CALLS).map((client) => client.call('lib/board/slow', 500));
	await Promise.all(clients.slice(0, RUNNING_CALLS).map((client) => client.call('lib/orphan/ping')));

	const ended = app.stop();
	expect(await Promise.all(calls)).toEqual(calls.map(() => 'done'));
	const goodbyes = await Promise.all(clients.map((client) => client.goodbye()));
	expect(new Set(goodbyes.map(({ code }) => code))).toEqual(new Set(['GOING_AWAY']));
	const delays = goodbyes.map(({ retryAfterMs }) => retryAfterMs ?? -1);
	expect(Math.min(...delays)).toBeGreaterThanOrEqual(0);
	expect(Math.max(...delays) - Math.min(...delays), 'reconnects are spread').toBeGreaterThan(2_000);
	const closes = await Promise.all(clients.map((client) => client.closed));
	expect(new Set(closes.map(({ code }) => code))).toEqual(new Set([1001]));
	const { code, ms } = await ended;
	expect(code, app.output()).toBe(0);
	expect(ms).toBeLessThan(10_000);
});

test('a server ends with 0 also when a client neither reads nor closes', async () => {
	const app = await fixture.start();
	using client = await LiveClient.connect(app.socketUrl, 'ada');
	expect(await client.call('lib/orphan/ping')).toBe('pong');
	client.stopReading();
	const { code, ms } = await app.stop();
	expect(code, app.output()).toBe(0);
	expect(ms).toBeLessThan(14_000);
});
