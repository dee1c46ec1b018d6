import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Fixture } from '../support/fixture.ts';
import { LiveClient } from '../support/live-client.ts';
import { expectGracefulEnd, expectLive, expectNothingLeaked, expectRefusals, htmlOf } from './shared.ts';

// SvelteKit 2.70, adapter-node 5.5 and Vite 7: the adapter's server is not part of the build, and is found by its first
// request.
const withoutAsync = { without: ['src/routes/awaited'] };

describe('a production build with SvelteKit 2', () => {
	let fixture: Fixture;
	beforeAll(async () => {
		fixture = new Fixture('kit2', withoutAsync);
		await fixture.build();
	});
	afterAll(() => fixture[Symbol.asyncDispose]());

	test('runs with the versions that it is about', () => {
		const version = (name: string): string => fixture.versionOf(name);
		expect(version('@sveltejs/kit')).toMatch(/^2\.70\./);
		expect(version('@sveltejs/adapter-node')).toMatch(/^5\.5\./);
		expect(version('vite')).toMatch(/^7\./);
	});

	test('ships nothing of a live module or of what it imports, source maps included', async () => {
		await expectNothingLeaked(fixture);
	});

	test('serves live functions and refuses what is not allowed', async () => {
		const app = await fixture.start();
		expect(await htmlOf(app, '/')).toContain('<h1>board</h1>');
		await expectLive(app);
		await expectRefusals(app);
	});

	test('asks a socket that comes before any page to come again', async () => {
		const app = await fixture.start();
		await expect(LiveClient.connect(app.socketUrl, 'ada')).rejects.toMatchObject({ status: 503 });
		await expectLive(app);
	});

	test('renders what load() gives', async () => {
		const app = await fixture.start();
		expect(await htmlOf(app, '/loaded')).toMatch(/<li>first<\/li>/);
	});

	test('ends with 0 on SIGTERM, with sockets open and a call under way', async () => {
		const app = await fixture.start();
		await htmlOf(app, '/');
		await expectGracefulEnd(app);
	});

	test("works in a server of the app's own, whose signals stay its own", async () => {
		const app = await fixture.start('custom-server.js');
		await htmlOf(app, '/');
		await expectLive(app);
		await expectGracefulEnd(app);
	});

	test('works in vite preview', async () => {
		const app = await fixture.preview();
		await expectLive(app);
		await expectRefusals(app);
	});
});

test('an app that decides nothing ends with 1 at its first request', async () => {
	await using fixture = new Fixture('kit2', { without: [...withoutAsync.without, 'src/hooks.live.ts'] });
	await fixture.build();
	const app = await fixture.start();
	await htmlOf(app, '/').catch(() => undefined);
	expect((await app.exited).code).toBe(1);
	expect(app.output()).toContain('the app does not say who its users are');
});

test('a page that awaits a stream is rendered with its value', async () => {
	await using fixture = new Fixture('kit2', { env: { ASYNC: '1' } });
	await fixture.build();
	const app = await fixture.start();
	expect(await htmlOf(app, '/awaited', 'bob')).toMatch(/<li>awaited of bob<\/li>/);
});

test('development takes an edit, and keeps what was there when the edit is wrong', async () => {
	await using fixture = new Fixture('kit2', withoutAsync);
	const app = await fixture.dev();
	await expectLive(app);
	await expectRefusals(app);
	using client = await LiveClient.connect(app.socketUrl, 'ada', { origin: app.url });
	const sum = (): Promise<unknown> => client.call('lib/board/sum', 1, 1);
	await expect.poll(sum).toEqual({ sum: 2, version: 1 });
	fixture.edit('src/lib/board.live.ts', 'version: 1 }))', 'version: 2 }))');
	await expect.poll(sum, { timeout: 10_000 }).toEqual({ sum: 2, version: 2 });
	fixture.edit('src/lib/board.live.ts', 'version: 2 }))', 'version: 3 })))');
	await app.printed(/was not reloaded, its former version stays in use/);
	expect(await sum()).toEqual({ sum: 2, version: 2 });
});
