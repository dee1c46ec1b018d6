import { IncomingMessage, type ServerResponse } from 'node:http';
import { Socket } from 'node:net';
import { describe, expect, test, vi } from 'vitest';
import type { Session } from '../../server/session.ts';
import { NONCE_HEADER, Upgrades } from '../upgrades.ts';
import { authorizeThrough, type RequestHandler } from './authorize.ts';

const ada = { user: { id: 'ada' } } as unknown as Session;

function requestWith(headers: Record<string, string> = {}): IncomingMessage {
	const request = new IncomingMessage(new Socket());
	return Object.assign(request, { headers, url: '/__live' });
}

/** The app's `handle`, as SvelteKit would run it: with a Request of the web. */
function throughHandle(upgrades: Upgrades, answer: (response: ServerResponse) => void): RequestHandler {
	return (request, response) => {
		const headers = { [NONCE_HEADER]: String(request.headers[NONCE_HEADER]) };
		upgrades.take(new Request('http://app', { headers }))?.answer({ session: ada, remoteAddress: '10.0.0.1' });
		answer(response);
	};
}

const authorize = (handler: RequestHandler, upgrades = new Upgrades()) =>
	authorizeThrough(handler, upgrades, () => false);

describe('an upgrade that goes through the app', () => {
	test('has the session, the address and the cookies that the hooks gave', async () => {
		const upgrades = new Upgrades();
		const handler = throughHandle(upgrades, (response) => {
			response.setHeader('set-cookie', ['a=1', 'b=2']);
			response.end();
		});
		expect(await authorize(handler, upgrades)(requestWith())).toEqual({
			session: ada,
			remoteAddress: '10.0.0.1',
			setCookies: ['a=1', 'b=2']
		});
	});

	test.each([401, 403, 302, 303, 307])('is nobody where a hook answers %i', async (status) => {
		const handler: RequestHandler = (_request, response) => {
			response.statusCode = status;
			response.write('sign in');
			response.end();
		};
		expect(await authorize(handler)(requestWith())).toEqual({ session: null });
	});

	test.each([400, 429, 500, 503])('is refused with the status where a hook answers %i', async (status) => {
		const handler: RequestHandler = (_request, response) => response.writeHead(status).end('detail');
		expect(await authorize(handler)(requestWith())).toEqual({ status, reason: 'The app refused the request.' });
	});

	test('that no hook of ours saw is refused, and the console says what is missing', async () => {
		const printed = vi.spyOn(console, 'error').mockImplementation(() => {});
		const handler: RequestHandler = (_request, _response, next) => next();
		expect(await authorize(handler)(requestWith())).toMatchObject({ status: 500 });
		expect(printed.mock.calls[0]?.[0]).toContain('add it to `handle` in src/hooks.server.ts');
		printed.mockRestore();
	});

	test('fails where the handler fails', async () => {
		const handler: RequestHandler = () => Promise.reject(new Error('broken'));
		await expect(authorize(handler)(requestWith())).rejects.toThrow('broken');
	});

	test('carries a nonce of ours, whatever the client sent', async () => {
		const seen: unknown[] = [];
		const handler: RequestHandler = (request, response) => {
			seen.push(request.headers[NONCE_HEADER]);
			response.writeHead(401).end();
		};
		await authorize(handler)(requestWith({ [NONCE_HEADER]: 'forged' }));
		expect(seen[0]).not.toBe('forged');
		expect(seen[0]).toMatch(/^[0-9a-f-]{36}$/);
	});
});

describe('a nonce', () => {
	const pending = { guessesScheme: () => false, answer: () => {} };
	const asking = (nonce: string) => new Request('http://app', { headers: { [NONCE_HEADER]: nonce } });

	test('is good once', () => {
		const upgrades = new Upgrades();
		const nonce = upgrades.expect(pending);
		expect(upgrades.take(asking(nonce))).toBe(pending);
		expect(upgrades.take(asking(nonce))).toBeUndefined();
	});

	test('is good for nothing after its request was answered, nor is one that was made up', () => {
		const upgrades = new Upgrades();
		const nonce = upgrades.expect(pending);
		upgrades.forget(nonce);
		expect(upgrades.take(asking(nonce))).toBeUndefined();
		expect(upgrades.take(asking('made-up'))).toBeUndefined();
		expect(upgrades.take(new Request('http://app'))).toBeUndefined();
	});
});
