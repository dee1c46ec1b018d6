// A page that is connected before the first test of a file.
import { tick } from 'svelte';
import { afterEach, beforeAll } from 'vitest';
import { CLIENT_DEFAULTS } from '../../src/client/options.ts';
import { call } from '../../src/svelte/stubs.ts';
import { PageServer } from './page-server.ts';
import { leaveAll } from './shown.svelte.ts';

/** Returns the server that it is connected to. What a test leaves shown would answer in another one: it ends with its test. */
export function connectedPage(): PageServer {
	const server = new PageServer();
	beforeAll(async () => {
		const first = call('lib/first')();
		server.accept();
		server.result((await server.take('call')).id, 'connected');
		await first;
	});
	afterEach(async () => {
		leaveAll();
		await tick();
		server.clock.advance(CLIENT_DEFAULTS.lingerMs);
		await server.sent();
	});
	return server;
}
