import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { runtime } from '../server/runtime.ts';
import { live } from '../live/live.ts';
import type { AppFacts, KitEvent } from './app.ts';
import { createHandle } from './handle.ts';
import { LiveApp } from './live-app.ts';
import { registerModule } from './register.ts';
import { NONCE_HEADER, type UpgradeAnswer, type Visitor } from './upgrades.ts';

const page = new Response('page');
const resolve = () => page;

let app: LiveApp;
beforeEach(() => {
	app = new LiveApp();
});
afterEach(async () => {
	await app.stop();
	runtime().server = null;
});

function factsOf(facts: Partial<AppFacts> = {}): AppFacts {
	return {
		modules: () => ({}),
		loadConfig: () => Promise.resolve({ default: { session: () => ({ user: { id: 'ada' } }) } }),
		base: '',
		path: '/__live',
		origin: null,
		isDevelopment: false,
		isBuilding: false,
		getRequestEvent: () => eventOf(),
		...facts
	};
}

function eventOf(headers: Record<string, string> = {}, event: Partial<KitEvent> = {}): KitEvent {
	const request = new Request('https://app.example/__live', { headers });
	return {
		request,
		url: new URL(request.url),
		locals: {},
		cookies: { get: () => undefined },
		getClientAddress: () => '10.0.0.1',
		...event
	};
}

/** Sends an upgrade through the hook, as the transport does. */
async function upgrade(facts: AppFacts, headers: Record<string, string> = {}, event: Partial<KitEvent> = {}) {
	const handle = createHandle(facts, app);
	let answer: UpgradeAnswer | undefined;
	const nonce = app.upgrades.expect({ guessesScheme: () => false, answer: (given) => (answer = given) });
	const response = await handle({ event: eventOf({ [NONCE_HEADER]: nonce, ...headers }, event), resolve });
	return { response, answer };
}

describe('the hook', () => {
	test('lets pages through', async () => {
		expect(await createHandle(factsOf(), app)({ event: eventOf(), resolve })).toBe(page);
	});

	test('answers an upgrade with the session and the address', async () => {
		const { answer, response } = await upgrade(factsOf());
		expect(answer).toEqual({ session: { user: { id: 'ada' } }, remoteAddress: '10.0.0.1' });
		expect(response.status).toBe(204);
	});

	test('has the upgrade of a raw socket decided within the request, unless its page is a foreign one', async () => {
		const handle = createHandle(factsOf(), app);
		const ask = async (origin: string) => {
			let answer: UpgradeAnswer | undefined;
			const visitors: Visitor[] = [];
			const nonce = app.upgrades.expect({
				guessesScheme: () => false,
				answer: (given) => (answer = given),
				admit: (visitor) => {
					visitors.push(visitor);
					return Promise.resolve({ status: 404, reason: 'decided' });
				}
			});
			const event = eventOf({ [NONCE_HEADER]: nonce, origin });
			await handle({ event, resolve });
			return { answer, visitors, event };
		};
		const { answer, visitors, event } = await ask('https://app.example');
		expect(answer).toEqual({ status: 404, reason: 'decided' });
		expect(visitors).toEqual([{ source: event, session: { user: { id: 'ada' } }, remoteAddress: '10.0.0.1' }]);
		expect(await ask('https://evil.example')).toMatchObject({ answer: { status: 403 }, visitors: [] });
	});

	test('takes a header of the same name from outside for nothing', async () => {
		const event = eventOf({ [NONCE_HEADER]: 'made-up' });
		expect(await createHandle(factsOf(), app)({ event, resolve })).toBe(page);
	});

	test('refuses a foreign origin, and takes its own and those of the configuration', async () => {
		const config = { session: () => null, origins: ['https://admin.example'] };
		const facts = factsOf({ loadConfig: () => Promise.resolve({ default: config }) });
		expect((await upgrade(facts, { origin: 'https://evil.example' })).answer).toMatchObject({ status: 403 });
		expect((await upgrade(facts, { origin: 'http://app.example' })).answer).toMatchObject({ status: 403 });
		expect((await upgrade(facts, { origin: 'https://app.example' })).answer).toMatchObject({ session: null });
		expect((await upgrade(facts, { origin: 'https://admin.example' })).answer).toMatchObject({ session: null });
	});

	test('does without an address that the adapter cannot tell', async () => {
		const getClientAddress = () => {
			throw new Error('ADDRESS_HEADER is absent');
		};
		expect((await upgrade(factsOf(), {}, { getClientAddress })).answer).toMatchObject({ remoteAddress: undefined });
	});

	test('starts nothing while the app is being built', async () => {
		const loadConfig = vi.fn(() => Promise.resolve({}));
		const handle = createHandle(factsOf({ isBuilding: true, loadConfig }), app);
		expect(await handle({ event: eventOf(), resolve })).toBe(page);
		expect(loadConfig).not.toHaveBeenCalled();
	});
});

describe('the live part of an app', () => {
	test('loads its configuration and modules once, however many ask', async () => {
		const load = vi.fn(() => Promise.resolve());
		app.introduce(factsOf({ modules: () => ({ a: load }) }));
		await Promise.all([app.start(), app.start()]);
		await app.start();
		expect(load).toHaveBeenCalledTimes(1);
		expect(app.isStarted).toBe(true);
	});

	test('tries again after a failure', async () => {
		const loadConfig = vi
			.fn()
			.mockRejectedValueOnce(new Error('no database'))
			.mockResolvedValue({ default: { anonymous: true } });
		app.introduce(factsOf({ loadConfig }));
		await expect(app.start()).rejects.toThrow('no database');
		await app.start();
		expect(app.isStarted).toBe(true);
	});

	test('in production fails with a module that fails; in development starts without it', async () => {
		const modules = () => ({ good: () => Promise.resolve(), bad: () => Promise.reject(new Error('broken')) });
		app.introduce(factsOf({ modules }));
		await expect(app.start()).rejects.toThrow('broken');
		const printed = vi.spyOn(console, 'error').mockImplementation(() => {});
		app.introduce(factsOf({ modules, isDevelopment: true }));
		await app.start();
		expect(printed.mock.calls[0]?.[0]).toContain('"bad" does not load');
		printed.mockRestore();
	});

	test('knows modules that were loaded before it started', async () => {
		registerModule('early', { ping: live(() => 'pong') });
		app.introduce(factsOf());
		await app.start();
		expect(runtime().started.registry.get('early/ping')).toBeDefined();
	});

	test('refuses a path that the browser was not built for', async () => {
		app.introduce(factsOf({ loadConfig: () => Promise.resolve({ default: { anonymous: true, path: '/x' } }) }));
		await expect(app.start()).rejects.toThrow("tidewire({ path: '/x' })");
	});

	test('never starts again once production has stopped; development does', async () => {
		app.introduce(factsOf({ isDevelopment: true }));
		await app.start();
		await app.stop();
		await app.start();
		expect(app.isStarted).toBe(true);
		app.introduce(factsOf());
		await app.stop();
		await expect(app.start()).rejects.toThrow('shutting down');
		expect(app.isStopped).toBe(true);
	});

	test('asked for a stream, waits until it has started', async () => {
		const facts = factsOf({
			modules: () => ({
				// As the build has it: running a module registers it.
				m: async () => registerModule('m', { rows: live.stream(['rows'], (ctx) => [{ id: ctx.user.id }]) })
			})
		});
		app.introduce(facts);
		const resource = runtime().renderStream?.('m/rows', []) as PromiseLike<unknown>;
		expect(await resource).toEqual([{ id: 'ada' }]);
	});
});
