import { flushSync } from 'svelte';
import { expect, test } from 'vitest';
import { PageServer } from '../../test/svelte/page-server.ts';
import { show } from '../../test/svelte/shown.svelte.ts';
import { connection } from './connection.ts';
import { call } from './stubs.ts';

test('the connection shows its state, its loss and its return, and opens nothing by itself', async () => {
	const server = new PageServer();
	const { seen, leave } = show(() => [connection.status, connection.error?.code]);
	expect(server.attempts).toBe(0);

	const lost = call('chat/send')().catch((error: unknown) => (error as { code: string }).code);
	flushSync();
	server.accept();
	flushSync();
	await server.sent();
	server.drop();
	flushSync();
	expect(await lost).toBe('CONNECTION_LOST');
	connection.reconnect();
	flushSync();
	server.accept();
	flushSync();
	expect(seen).toEqual([
		['idle', undefined],
		['connecting', undefined],
		['open', undefined],
		['waiting', 'CONNECTION_LOST'],
		['connecting', 'CONNECTION_LOST'],
		['open', undefined]
	]);
	leave();
});

test('the network shows as the browser tells it', () => {
	const { seen, leave } = show(() => connection.online);
	let online = false;
	Object.defineProperty(navigator, 'onLine', { configurable: true, get: () => online });
	dispatchEvent(new Event('offline'));
	flushSync();
	online = true;
	dispatchEvent(new Event('online'));
	flushSync();
	expect(seen).toEqual([true, false, true]);
	leave();
});
