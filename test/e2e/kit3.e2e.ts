// An app with SvelteKit 3 in Chromium: edited in development while its page is open, and built.
import { rmSync } from 'node:fs';
import { describe, expect } from 'vitest';
import { LivePage } from '../integration/page.ts';
import { Fixture, type RunningApp } from '../support/fixture.ts';
import { LiveClient } from '../support/live-client.ts';
import { browserTest, owned } from './support/browser-test.ts';

const MODULE = 'src/lib/board.live.ts';
const RELOADED = 'tidewire: reloaded src/lib/board.live.ts';

const test = browserTest
	// oxlint-disable-next-line no-empty-pattern -- the runner reads there what a fixture needs
	.extend('fixture', { scope: 'file' }, ({}, life) =>
		owned(life, new Fixture('kit3', { without: ['src/routes/awaited'] }))
	)
	.extend('app', { scope: 'file' }, ({ fixture }) => fixture.dev())
	.extend('live', ({ browser, app }) => LivePage.open(browser, app))
	.extend('edited', { scope: 'file' }, ({ app }) => editorOf(app));

/** Makes a change, and waits until the server says what came of it. */
function editorOf(app: RunningApp) {
	return async (change: () => void, report = RELOADED): Promise<void> => {
		const reports = (): number => app.output().split(report).length - 1;
		const before = reports();
		change();
		await expect.poll(reports, { timeout: 10_000 }).toBeGreaterThan(before);
	};
}

describe('a page in development', () => {
	test('uses live modules by a relative path, a subpath import and $live', async ({ live }) => {
		await live.shows('#sum', '5 v1');
		await live.shows('#aliased', '9');
		await live.shows('#room', 'lobby');
		await live.shows('#me', 'hello ada');
		await live.shows('#cards', 'first');
		await live.click('#add');
		await live.shows('#cards', 'firstadded');
		expect(live.loads).toBe(1);
		expect(live.sockets).toEqual({ opened: 1, closed: 0 });
		expect(live.errors).toEqual([]);
	});

	test('keeps what the hooks hold when a live module is edited', async ({ fixture, app, edited }) => {
		using client = await LiveClient.connect(app.socketUrl, 'ada');
		expect(await client.call('lib/orphan/ping')).toBe('pong');
		const instance = async (): Promise<string | null> => (await fetch(app.url)).headers.get('x-hooks');
		const before = await instance();
		expect(before).toMatch(/^[0-9a-f-]{36}$/);
		await edited(() => fixture.edit(MODULE, 'LiveError }', 'LiveError, }'));
		expect(await instance()).toBe(before);
	});

	test('takes edits of a live module and of what it imports without a reload or a lost socket', async ({
		fixture,
		live,
		edited
	}) => {
		await live.shows('#sum', '5 v1');
		await edited(() => fixture.edit(MODULE, 'version: 1 }))', 'version: 2 }))'));
		await live.click('#again');
		await live.shows('#sum', '5 v2');
		await edited(() => fixture.edit('src/lib/greeting.ts', "'hello'", "'salve'"));
		await live.click('#again');
		await live.shows('#me', 'salve ada');
		expect(live.loads).toBe(1);
		expect(live.sockets).toEqual({ opened: 1, closed: 0 });
	});

	test('lets a component use a function that was added while the page is open', async ({ fixture, live, edited }) => {
		await live.shows('#sum', '5 v2');
		const [text, component] = [fixture.read(MODULE), fixture.read('src/lib/Board.svelte')];
		await edited(() => fixture.write(MODULE, `${text}\nexport const extra = live(() => 'extra');\n`));
		const used = component
			.replace('import { addCard', 'import { extra, addCard')
			.replace('<p id="room">', '{#await extra() then value}<p id="extra">{value}</p>{/await}<p id="room">');
		fixture.write('src/lib/Board.svelte', used);
		await live.shows('#extra', 'extra');
		expect(live.loads).toBe(1);
		expect(live.sockets).toEqual({ opened: 1, closed: 0 });
		// Both stay: Vite's watcher loses a change that follows within 50 ms of another one to the same file.
	});

	test('shows what a stream gives after an edit of its module', async ({ fixture, live, edited }) => {
		await live.shows('#cards', 'first.*');
		await edited(() => fixture.edit(MODULE, '() => all()', "() => [{ id: 9, title: 'edited' }]"));
		await live.shows('#cards', 'edited');
		await edited(() => fixture.edit(MODULE, "() => [{ id: 9, title: 'edited' }]", '() => all()'));
		await live.shows('#cards', 'first.*');
		expect(live.sockets).toEqual({ opened: 1, closed: 0 });
	});

	test('keeps the former functions while a module has a syntax error', async ({ fixture, app, live, edited }) => {
		await live.shows('#sum', '5 v2');
		await edited(() => fixture.edit(MODULE, 'version: 2 }))', 'version: 3 })))'), 'was not reloaded');
		expect(app.output()).toContain(`tidewire: ${MODULE} was not reloaded, its former version stays in use`);
		await live.click('#again');
		await live.shows('#me', 'salve ada');
		await live.shows('#sum', '5 v2');
		await edited(() => fixture.edit(MODULE, 'version: 3 })))', 'version: 4 }))'));
		await live.click('#again');
		await live.shows('#sum', '5 v4');
		expect(live.loads).toBe(1);
		expect(live.sockets).toEqual({ opened: 1, closed: 0 });
	});

	test('keeps the former functions while a file is empty, as some editors leave it for a moment', async ({
		fixture,
		app,
		edited
	}) => {
		using client = await LiveClient.connect(app.socketUrl, 'ada');
		const text = fixture.read(MODULE);
		await edited(() => fixture.write(MODULE, ''));
		expect(await client.call('lib/board/sum', 1, 1)).toEqual({ sum: 2, version: 4 });
		await edited(() => fixture.write(MODULE, text));
		expect(await client.call('lib/board/sum', 1, 1)).toEqual({ sum: 2, version: 4 });
	});

	test('keeps the former functions while a module exports what is no live definition', async ({
		fixture,
		app,
		edited
	}) => {
		await edited(() => fixture.write('src/live/limit.ts', 'export const limit = 1;'), 'was not reloaded');
		expect(app.output()).toContain('the export "limit" is not a live definition');
		rmSync(fixture.path('src/live/limit.ts'));
		using client = await LiveClient.connect(app.socketUrl, 'ada');
		expect(await client.call('lib/board/sum', 1, 1)).toEqual({ sum: 2, version: 4 });
	});

	test('finds a module that is added and forgets one that is removed', async ({ fixture, app, edited }) => {
		using client = await LiveClient.connect(app.socketUrl, 'ada');
		const text = "import { live } from 'tidewire/server';\nexport const ping = live(() => 'later');\n";
		await edited(() => fixture.write('src/live/later.ts', text), 'tidewire: reloaded src/live/later.ts');
		expect(await client.call('later/ping')).toBe('later');
		await edited(() => rmSync(fixture.path('src/live/later.ts')), 'tidewire: removed src/live/later.ts');
		expect(await client.call('later/ping')).toBe('NOT_FOUND');
	});

	test('takes an edit of the configuration', async ({ fixture, app, edited }) => {
		const session = 'locals.user && { user: locals.user }';
		const everybody = "({ user: { id: 'everybody' } })";
		await edited(() => fixture.edit('src/hooks.live.ts', session, everybody), 'reloaded src/hooks.live.ts');
		using client = await LiveClient.connect(app.socketUrl);
		expect(await client.call('lib/board/whoami')).toMatchObject({ user: 'everybody' });
		await edited(() => fixture.edit('src/hooks.live.ts', everybody, session), 'reloaded src/hooks.live.ts');
	});
});

describe('a development server', () => {
	test('answers a socket that comes before any page, and uses locals.user with a warning', async () => {
		await using fixture = new Fixture('kit3', { without: ['src/routes/awaited', 'src/hooks.live.ts'] });
		const app = await fixture.dev();
		using client = await LiveClient.connect(app.socketUrl, 'ada', { origin: app.url });
		expect(await client.call('lib/board/whoami')).toMatchObject({ user: 'ada' });
		using other = await LiveClient.connect(app.socketUrl, 'bob', { origin: app.url });
		expect(await other.call('lib/orphan/ping')).toBe('pong');
		expect(app.output().split('the app does not say who its users are').length - 1).toBe(1);
	});

	test('refuses a foreign page', async () => {
		await using fixture = new Fixture('kit3', { without: ['src/routes/awaited'] });
		const app = await fixture.dev();
		const foreign = LiveClient.connect(app.socketUrl, 'ada', { origin: app.url.replace('http:', 'https:') });
		await expect(foreign).rejects.toMatchObject({ status: 403 });
	});
});

describe('a page in production', () => {
	test.for([
		{ title: 'with experimental async', isAsync: true, path: '/awaited', list: '#rows', text: 'awaited of ada' },
		{ title: 'without', isAsync: false, path: '/loaded', list: '#cards', text: 'first' }
	])(
		'$title begins with what the server rendered and stays current',
		async ({ isAsync, path, list, text }, { browser }) => {
			const without = isAsync ? [] : ['src/routes/awaited'];
			await using fixture = new Fixture('kit3', { without, env: { ASYNC: isAsync ? '1' : '0' } });
			await fixture.build();
			const app = await fixture.start();
			const live = await LivePage.open(browser, app, path);
			await live.shows(list, text);
			await live.shows('#connected', 'true');
			expect(live.errors).toEqual([]);
			const board = await LivePage.open(browser, app, '/');
			await board.shows('#sum', '5 v1');
			await board.click('#add');
			await board.shows('#cards', 'firstadded');
			if (path === '/loaded') await live.shows(list, 'firstadded');
		}
	);
});
