import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { memory } from '../backplanes/memory/memory.ts';
import type { Backplane, BackplaneStatus } from '../server/backplane.ts';
import { runtime } from '../server/runtime.ts';
import type { AppFacts, KitEvent } from './app.ts';
import { createHandle } from './handle.ts';
import { LiveApp } from './live-app.ts';

const page = new Response('page');

let app: LiveApp;
/** Says that the backplane went, or came back. */
let tell: (status: BackplaneStatus) => void;
beforeEach(() => {
	app = new LiveApp();
});
afterEach(async () => {
	await app.stop();
	runtime().server = null;
});

function factsOf(changes: Partial<AppFacts> = {}): AppFacts {
	const log = memory();
	const begin = log.start.bind(log);
	const backplane: Backplane = Object.assign(log, {
		start: (...[deliver, onStatus]: Parameters<Backplane['start']>) => {
			tell = onStatus ?? (() => {});
			return begin(deliver);
		}
	});
	return {
		modules: () => ({}),
		loadConfig: () => Promise.resolve({ default: { anonymous: true, backplane, drainMs: 0 } }),
		base: '/base',
		path: '/base/__live',
		origin: null,
		isDevelopment: false,
		isBuilding: false,
		getRequestEvent: () => eventOf('/'),
		...changes
	};
}

function eventOf(path: string, method = 'GET'): KitEvent {
	const request = new Request(`https://app.example${path}`, { method });
	const url = new URL(request.url);
	return { request, url, locals: {}, cookies: { get: () => undefined }, getClientAddress: () => '10.0.0.1' };
}

function prober(facts = factsOf()) {
	const handle = createHandle(facts, app);
	return async (path: string, method?: string) => {
		const response = await handle({ event: eventOf(path, method), resolve: () => page.clone() });
		return { status: response.status, body: await response.text(), headers: response.headers };
	};
}

describe('a probe', () => {
	it('finds a process alive from its first moment on, and ready when its modules are loaded', async () => {
		let loaded = (): void => {};
		const load = (): Promise<unknown> => new Promise((resolve) => (loaded = () => resolve({})));
		const probe = prober(factsOf({ modules: () => ({ slow: load }) }));
		expect(await probe('/base/__live/health')).toMatchObject({ status: 200, body: '{"alive":true}\n' });
		expect(await probe('/base/__live/ready')).toMatchObject({
			status: 503,
			body: '{"ready":false,"reason":"the server is starting"}\n'
		});
		await vi.waitFor(() => expect(runtime().server).not.toBeNull());
		expect(await probe('/base/__live/ready')).toMatchObject({ status: 503 });
		loaded();
		await vi.waitFor(() => expect(app.isStarted).toBe(true));
		expect(await probe('/base/__live/ready')).toMatchObject({ status: 200, body: '{"ready":true}\n' });
	});

	it('finds it not ready while the backplane is away, and is told nothing of where that is', async () => {
		const probe = prober();
		await app.start();
		tell({ available: false, reason: 'redis://admin:secret@10.0.0.7 refused the connection' });
		const { status, body } = await probe('/base/__live/ready');
		expect({ status, body }).toEqual({
			status: 503,
			body: '{"ready":false,"reason":"the backplane cannot be reached"}\n'
		});
		expect((await probe('/base/__live/health')).status).toBe(200);
		tell({ available: true, reason: null });
		expect((await probe('/base/__live/ready')).status).toBe(200);
	});

	it('finds it not ready as soon as it shuts down, and still alive', async () => {
		const probe = prober();
		await app.start();
		const stopping = app.stop();
		expect(await probe('/base/__live/ready')).toMatchObject({
			status: 503,
			body: '{"ready":false,"reason":"the server is shutting down"}\n'
		});
		await stopping;
		expect((await probe('/base/__live/ready')).status).toBe(503);
		expect((await probe('/base/__live/health')).status).toBe(200);
	});

	it('gets an answer that nobody keeps, to GET and HEAD only', async () => {
		const probe = prober();
		const { headers } = await probe('/base/__live/ready');
		expect(headers.get('cache-control')).toBe('no-store');
		expect(headers.get('content-type')).toBe('application/json');
		expect((await probe('/base/__live/health', 'HEAD')).status).toBe(200);
		expect((await probe('/base/__live/health', 'POST')).status).toBe(405);
	});

	it('of another path is a page', async () => {
		expect((await prober()('/base/__live/healthy')).body).toBe('page');
	});
});
