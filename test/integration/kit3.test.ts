import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Fixture } from '../support/fixture.ts';
import { LiveClient } from '../support/live-client.ts';
import { expectGracefulEnd, expectLive, expectNothingLeaked, expectRefusals, htmlOf, shippedFiles } from './shared.ts';

// The page that awaits a stream compiles only with Svelte's experimental async.
const withoutAsync = { without: ['src/routes/awaited'] };

describe('a production build with SvelteKit 3', () => {
	let fixture: Fixture;
	beforeAll(async () => {
		fixture = new Fixture('kit3', withoutAsync);
		await fixture.build();
	});
	afterAll(() => fixture[Symbol.asyncDispose]());

	test('ships nothing of a live module or of what it imports, source maps included', async () => {
		await expectNothingLeaked(fixture);
	});

	test('serves live functions and refuses what is not allowed', async () => {
		const app = await fixture.start();
		await expectLive(app);
		await expectRefusals(app);
		await app.stop();
	});

	test('answers an upgrade to a path that nobody listens on', async () => {
		const app = await fixture.start();
		const attempt = LiveClient.connect(`${app.url.replace('http', 'ws')}/other`, 'ada');
		await expect(attempt).rejects.toMatchObject({ status: 404 });
		await app.stop();
	});

	test('passes on the cookies that the hooks set for the upgrade', async () => {
		const app = await fixture.start();
		using renewed = await LiveClient.connect(app.socketUrl, 'renewed');
		expect(renewed.headers['set-cookie']?.[0]).toMatch(/^renewed=yes; Path=\//);
		await app.stop();
	});

	test('behind a proxy that tells the scheme, compares the whole origin', async () => {
		const app = await fixture.start('build', { PROTOCOL_HEADER: 'x-forwarded-proto' });
		const headers = { 'x-forwarded-proto': 'https' };
		const from = (origin: string) => LiveClient.connect(app.socketUrl, 'ada', { origin, headers });
		using client = await from(app.url.replace('http:', 'https:'));
		expect(await client.call('lib/orphan/ping')).toBe('pong');
		await expect(from(app.url)).rejects.toMatchObject({ status: 403 });
		await app.stop();
	});

	test('renders what load() gives', async () => {
		const app = await fixture.start();
		expect(await htmlOf(app, '/loaded')).toMatch(/<li>first<\/li>/);
		await app.stop();
	});

	test('ends with 0 on SIGTERM, with sockets open and a call under way', async () => {
		await expectGracefulEnd(await fixture.start());
	});

	test("works in a server of the app's own, whose signals stay its own", async () => {
		const app = await fixture.start('custom-server.js');
		await expectLive(app);
		await expectRefusals(app);
		await expectGracefulEnd(app);
	});

	test('works in vite preview', async () => {
		const app = await fixture.preview();
		await expectLive(app);
		await expectRefusals(app);
	});
});

// Each of these builds an app of its own.
describe.concurrent('a production build that must not start', () => {
	async function outcomeOf(files: Record<string, string>, without: string[] = []) {
		await using fixture = new Fixture('kit3', { files, without: [...withoutAsync.without, ...without] });
		await fixture.build();
		return await fixture.run(['build'], { PORT: '0' });
	}

	test('without a configuration ends with 1 and says what to write', async () => {
		const { code, output } = await outcomeOf({}, ['src/hooks.live.ts']);
		expect(code).toBe(1);
		expect(output).toContain('the app does not say who its users are');
		expect(output).toContain('src/hooks.live.ts');
		expect(output).not.toContain('Listening');
	});

	test('with a configuration that decides nothing ends with 1', async () => {
		const { code, output } = await outcomeOf({ 'src/hooks.live.ts': 'export default {};' });
		expect(code).toBe(1);
		expect(output).toContain('anonymous: true');
	});

	test('with a path that the browser was not built for ends with 1', async () => {
		const config = "export default { anonymous: true, path: '/other' };";
		const { code, output } = await outcomeOf({ 'src/hooks.live.ts': config });
		expect(code).toBe(1);
		expect(output).toContain("tidewire({ path: '/other' })");
	});

	test('with a live module that throws ends with 1', async () => {
		const { code, output } = await outcomeOf({ 'src/lib/broken.live.ts': "throw new Error('no database');" });
		expect(code).toBe(1);
		expect(output).toContain('no database');
	});
});

test('an app for everybody starts with anonymous: true', async () => {
	await using fixture = new Fixture('kit3', {
		...withoutAsync,
		files: {
			'src/hooks.live.ts': 'export default { anonymous: true };',
			'src/lib/open.live.ts': `import { live } from 'tidewire/server'; export const who = live((ctx) => ctx.user);`
		}
	});
	await fixture.build();
	const app = await fixture.start();
	using client = await LiveClient.connect(app.socketUrl);
	expect(await client.call('lib/open/who')).toBeNull();
});

test('an app below a base path has its sockets there', async () => {
	await using fixture = new Fixture('kit3', { ...withoutAsync, env: { BASE: '1' } });
	await fixture.build();
	const shipped = [...(await shippedFiles(fixture)).values()].join('\n');
	expect(shipped).toContain('/base/__live');
	const app = await fixture.start();
	using client = await LiveClient.connect(`${app.url.replace('http', 'ws')}/base/__live`, 'ada', { origin: app.url });
	expect(await client.call('lib/orphan/ping')).toBe('pong');
});

test('a page that awaits a stream is rendered with its value', async () => {
	await using fixture = new Fixture('kit3', { env: { ASYNC: '1' } });
	await fixture.build();
	const app = await fixture.start();
	expect(await htmlOf(app, '/awaited', 'bob')).toMatch(/<li>awaited of bob<\/li>/);
	await expectLive(app);
});

// So do these.
describe.concurrent('a build is refused, and says why', () => {
	test.each([
		{
			what: 'an export that is no live definition',
			file: 'src/lib/board.live.ts',
			text: 'export const limit = 10;',
			message: /board\.live\.ts: the export "limit"/
		},
		{
			what: 'two modules of one id',
			file: 'src/live/lib/board.ts',
			text: 'export {};',
			message: /would both be the live module "lib\/board"/
		},
		{
			what: 'a module in a server folder',
			file: 'src/lib/server/x.live.ts',
			text: 'export {};',
			message: /x\.live\.ts is a live module whose path/
		}
	])('$what', async ({ file, text, message }) => {
		await using fixture = new Fixture('kit3', { ...withoutAsync, files: { [file]: text } });
		await expect(fixture.build()).rejects.toThrow(message);
	});

	test.each([
		["import config from '../hooks.live';", /configures the server and cannot be imported by the browser/],
		["import source from '../lib/board.live?raw';", /the source of a live module stays on the server/],
		["import { nothing } from '$live/nowhere';", /\$live\/nowhere does not exist/]
	])('a component with %s', async (line, message) => {
		const page = `<script>${line}\nconsole.log(${/import (?:\{ )?(\w+)/.exec(line)?.[1]});</script>`;
		await using fixture = new Fixture('kit3', { ...withoutAsync, files: { 'src/routes/+page.svelte': page } });
		await expect(fixture.build()).rejects.toThrow(message);
	});
});
