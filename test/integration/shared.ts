// What every server of an app must do, however it was started.
import { expect } from 'vitest';
import type { Fixture, RunningApp } from '../support/fixture.ts';
import { LiveClient } from '../support/live-client.ts';
import { UpgradeRefused } from '../support/ws-client.ts';

/** Calls, streams and publishing work, for a module in each place. */
export async function expectLive(app: RunningApp): Promise<void> {
	expect(await probe(app, 'health')).toEqual({ status: 200, body: { alive: true } });
	// In development it starts when the app is first asked for something.
	await expect.poll(() => probe(app, 'ready')).toEqual({ status: 200, body: { ready: true } });
	using client = await LiveClient.connect(app.socketUrl, 'ada', { origin: app.url });
	expect(await client.call('lib/board/sum', 2, 40)).toEqual({ sum: 42, version: 1 });
	expect(await client.call('lib/board/whoami')).toEqual({ user: 'ada', greeting: 'hello' });
	expect(await client.call('rooms/lobby/name')).toBe('lobby');
	expect(await client.call('lib/orphan/ping'), 'a module that nobody imports').toBe('pong');
	expect(await client.call('lib/orphan/request'), 'handlers run outside of any request').toBe('none');
	expect(await client.subscribe('lib/board/cards')).toContainEqual({ id: 1, title: 'first' });
	expect(await client.call('lib/board/addCard', 'new')).toMatchObject({ title: 'new' });
	const event = await client.first((message) => message.kind === 'event');
	expect(event).toMatchObject({ event: 'created', data: { title: 'new' } });
}

/** As a load balancer asks: without a cookie. */
async function probe(app: RunningApp, what: 'health' | 'ready') {
	const response = await fetch(`${app.url}/__live/${what}`);
	return { status: response.status, body: await response.json() };
}

/** What is not there, and what is not allowed, is refused in words. */
export async function expectRefusals(app: RunningApp): Promise<void> {
	using client = await LiveClient.connect(app.socketUrl, 'guarded', { origin: app.url });
	expect(await client.call('lib/board/sum', 1, 2)).toBe('FORBIDDEN');
	expect(await client.call('lib/board/_guard')).toBe('NOT_FOUND');
	expect(await client.call('lib/board/constructor')).toBe('NOT_FOUND');
	await expectUnauthorized(app, undefined);
	await expectUnauthorized(app, 'banned');
	const foreign = await LiveClient.connect(app.socketUrl, 'ada', { origin: 'https://evil.example' }).catch(
		(error: unknown) => error
	);
	expect(foreign).toBeInstanceOf(UpgradeRefused);
	expect((foreign as UpgradeRefused).status).toBe(403);
	expect((foreign as UpgradeRefused).body).toContain('"https://evil.example" may not open a socket');
	using allowed = await LiveClient.connect(app.socketUrl, 'ada', { origin: 'https://allowed.example' });
	expect(await allowed.call('lib/orphan/ping')).toBe('pong');
	using noBrowser = await LiveClient.connect(app.socketUrl, 'ada');
	expect(await noBrowser.call('lib/orphan/ping')).toBe('pong');
}

/** A browser cannot read why an upgrade failed, so nobody is let in and told. */
async function expectUnauthorized(app: RunningApp, user: string | undefined): Promise<void> {
	using nobody = await LiveClient.connect(app.socketUrl, user);
	expect((await nobody.goodbye()).code).toBe('UNAUTHORIZED');
	expect((await nobody.closed).code).toBe(4401);
}

/** SIGTERM with open sockets and a call under way: the call is answered, everybody is told, the process ends. */
export async function expectGracefulEnd(app: RunningApp): Promise<void> {
	using client = await LiveClient.connect(app.socketUrl, 'ada', { origin: app.url });
	using other = await LiveClient.connect(app.socketUrl, 'bob', { origin: app.url });
	expect(await other.call('lib/orphan/ping')).toBe('pong');
	expect(await client.call('lib/orphan/ping')).toBe('pong');
	const slow = client.call('lib/board/slow', 300);
	const ping = client.call('lib/orphan/ping');
	await ping; // The slow call is under way: calls are started in order.
	const ended = app.stop();
	expect(await slow).toBe('done');
	expect((await client.goodbye()).code).toBe('GOING_AWAY');
	expect((await client.closed).code).toBe(1001);
	expect((await other.closed).code).toBe(1001);
	const { code, ms } = await ended;
	expect(code, app.output()).toBe(0);
	expect(ms).toBeLessThan(5_000);
}

/** A page of the app as the server renders it. */
export async function htmlOf(app: RunningApp, path: string, user = 'ada'): Promise<string> {
	const response = await fetch(app.url + path, { headers: { cookie: `user=${user}` } });
	return response.text();
}

/** No text of a live module, of what it imports, or of a module that no page uses is in what browsers get. */
export async function expectNothingLeaked(fixture: Fixture): Promise<void> {
	const files = await shippedFiles(fixture);
	expect([...files.keys()].some((file) => file.endsWith('.map'))).toBe(true);
	expect([...files.values()].join('\n'), 'the stubs are there').toContain('lib/board/sum');
	for (const marker of ['marker-of-a-live-module', 'marker-of-a-dependency', 'marker-of-a-guard', 'lib/orphan']) {
		const found = [...files].filter(([, text]) => text.includes(marker)).map(([file]) => file);
		expect(found, marker).toEqual([]);
	}
}

/** Everything that a build ships to browsers, by file. */
export async function shippedFiles(fixture: Fixture): Promise<Map<string, string>> {
	const { globSync, readFileSync } = await import('node:fs');
	const files = globSync('build/client/**/*.{js,map,html,json,css}', { cwd: fixture.folder });
	return new Map(files.map((file) => [file, readFileSync(fixture.path(file), 'utf8')]));
}
