import { afterEach, describe, expect, test, vi } from 'vitest';
import { askAction, UrlRefused } from './action-url.ts';

afterEach(() => vi.unstubAllGlobals());

function answers(body: unknown, status = 200): Request[] {
	const requests: Request[] = [];
	vi.stubGlobal('fetch', (url: string, init: RequestInit) => {
		requests.push(new Request(new URL(url, 'http://app.example/page'), init));
		return Promise.resolve(new Response(typeof body === 'string' ? body : JSON.stringify(body), { status }));
	});
	return requests;
}

describe('an action', () => {
	test('is asked as a form would, and gives the address', async () => {
		const requests = answers({
			type: 'success',
			status: 200,
			data: '[{"note":2,"url":1},"/__live/connect/k","x"]'
		});
		expect(await askAction('?/ws')).toBe('/__live/connect/k');
		const [request] = requests;
		expect([request?.method, request?.headers.get('x-sveltekit-action')]).toEqual(['POST', 'true']);
	});

	test.each([
		[{ type: 'failure', status: 403, data: '[null]' }, 200, 'answered with failure (403)', true],
		[{ type: 'redirect', status: 303, location: '/sign-in' }, 200, 'answered with redirect (303)', true],
		[{ type: 'error', error: { message: 'Too many' } }, 429, 'Too many', true],
		[{ type: 'error', error: { message: 'Internal Error' } }, 500, 'Internal Error', false],
		['<h1>Bad gateway</h1>', 502, 'the server answered with 502', false],
		['<h1>Not found</h1>', 404, 'the server answered with 404', true],
		[{ type: 'success', status: 204 }, 200, 'the action must return { url }', true],
		[{ type: 'success', data: '[{"url":1},7]' }, 200, 'the action must return { url }', true]
	] as const)('that answers %j gives none', async (...row) => {
		const [body, status, message, isFinal] = row;
		answers(body, status);
		const refusal = await askAction('?/ws').catch((error: unknown) => error);
		expect(refusal).toBeInstanceOf(UrlRefused);
		expect((refusal as UrlRefused).message).toContain(message);
		expect((refusal as UrlRefused).isFinal).toBe(isFinal);
	});
});
