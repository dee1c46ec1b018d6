import { afterEach, describe, expect, it } from 'vitest';
import { ada, startServer } from '../../test/support/server-harness.ts';
import type { SessionSource } from '../server/config.ts';
import { live } from '../live/live.ts';
import { runtime } from '../server/runtime.ts';
import type { Session } from '../server/session.ts';
import { operator } from './operator.ts';

const PAGE = 'https://app.example/admin/live';
const hostile = '<img src=x onerror=alert(1)>';
const rows = live.stream(hostile, () => []);

function eventOf(init: RequestInit & { path?: string } = {}): SessionSource {
	const request = new Request(PAGE + (init.path ?? ''), init);
	return { request, url: new URL(request.url), locals: {}, cookies: { get: () => undefined } };
}

/** A form of the page itself, as browsers send it; headers may tell something else. */
function post(fields: Record<string, string>, headers: Record<string, string> = { origin: 'https://app.example' }) {
	return eventOf({ method: 'POST', headers, body: new URLSearchParams(fields) });
}

async function start() {
	const harness = await startServer({ m: { rows } });
	runtime().server = harness.server;
	return { ...harness, ...operator({ allow: () => true }) };
}

afterEach(() => void (runtime().server = null));

describe('the page of an operator', () => {
	it('shows the process, its topics and who does not read, with nothing of theirs taken for HTML', async () => {
		const { GET, connect } = await start();
		const client = await connect({ user: { id: hostile } });
		await client.subscribe('m/rows');
		client.socket.stopReading();
		await client.call('m/none');
		const response = await GET(eventOf());
		const text = await response.text();
		expect(response.status).toBe(200);
		expect(text).toContain(runtime().started.processId);
		expect(text).toContain('Slow consumers');
		expect(text).toContain('&lt;img src=x onerror=alert(1)&gt;');
		expect(text).not.toContain('<img');
		expect(response.headers.get('content-security-policy')).toMatch(/default-src 'none'.*frame-ancestors 'none'/);
		expect(response.headers.get('cache-control')).toBe('no-store');
	});

	it('is data for whoever asks for it', async () => {
		const { GET } = await start();
		const response = await GET(eventOf({ headers: { accept: 'application/json' } }));
		expect(await response.json()).toMatchObject({ processes: [{ state: 'ready', connections: 0 }], silent: [] });
	});

	it.each([false, null, undefined, 'yes', 1])('is nothing for whom the application answers %s', async (answer) => {
		const { server, connect } = await start();
		const client = await connect();
		const { GET, POST } = operator({ allow: () => Promise.resolve(answer as boolean) });
		const [shown, done] = [await GET(eventOf()), await POST(post({ action: 'revoke', user: 'ada' }))];
		expect([shown.status, done.status]).toEqual([403, 403]);
		expect(await shown.text()).not.toContain(server.processId);
		expect(client.end).toBeNull();
	});

	it('is not there without somebody who decides', () => {
		expect(() => operator({} as Parameters<typeof operator>[0])).toThrow('needs a function that says who may');
	});
});

describe('an action', () => {
	it('revokes a user, and tells so by words of its own', async () => {
		const { GET, POST, connect } = await start();
		const [client, other] = [await connect(ada), await connect({ user: { id: 7 } } as unknown as Session)];
		const response = await POST(post({ action: 'revoke', user: 'ada' }));
		expect(response.status).toBe(303);
		expect(response.headers.get('location')).toBe('/admin/live?done=revoked');
		expect(client.end?.code).toBe('SESSION_EXPIRED');
		expect(other.end).toBeNull();
		expect(await (await GET(eventOf({ path: '?done=revoked' }))).text()).toContain('end everywhere');
		expect(await (await GET(eventOf({ path: '?done=made-up' }))).text()).not.toContain('made-up');
	});

	it.each([{ user: '7' }, { id: '7' }])('revokes a user whose id is a number: %o', async (field) => {
		const { POST, connect } = await start();
		const client = await connect({ user: { id: 7 } } as unknown as Session);
		await POST(post({ action: 'revoke', ...field }));
		expect(client.end?.code).toBe('SESSION_EXPIRED');
	});

	it('drains this process', async () => {
		const { POST, server } = await start();
		const response = await POST(post({ action: 'drain', process: server.processId }));
		expect(response.headers.get('location')).toBe('/admin/live?done=draining');
		expect(server.readiness.state).toBe('draining');
	});

	it.each([
		['another site', { origin: 'https://evil.example' }],
		['another site on this host', { origin: 'https://app.example', 'sec-fetch-site': 'same-site' }],
		['nowhere that is known', {}],
		['a page without an origin', { origin: 'null' }]
	])('from %s is refused', async (_, headers) => {
		const { POST, connect } = await start();
		const client = await connect();
		const event = post({ action: 'revoke', user: 'ada' }, headers);
		expect((await POST(event)).status).toBe(403);
		expect(client.end).toBeNull();
	});

	it.each([{}, { action: 'revoke' }, { action: 'revoke', id: '{' }, { action: 'drain' }, { action: 'stop' }])(
		'that is none is refused: %o',
		async (fields) => {
			const { POST } = await start();
			expect((await POST(post(fields as Record<string, string>))).status).toBe(400);
		}
	);
});
