import { IncomingMessage, type ServerResponse } from 'node:http';
import { Socket } from 'node:net';
import { afterEach, expect, test } from 'vitest';
import { WebSocketEndpointController } from '../../sockets/controller.ts';
import type { MessageSocket } from '../../server/transport.ts';
import { Upgrades } from '../upgrades.ts';
import { SocketForward } from './socket-forward.ts';
import { socketRoutes } from './socket-routes.ts';

let controller: WebSocketEndpointController | undefined;
afterEach(() => controller?.close());

const requestOf = (url: string, headers: Record<string, string> = {}): IncomingMessage =>
	Object.assign(new IncomingMessage(new Socket()), { url, method: 'GET', headers });

/** Routes of an app whose hooks answer with this status, and what paths they were asked for. */
function routesOf(status: number, { isDevelopment = false, whenAsked = (): void => {} } = {}) {
	const asked: (string | undefined)[] = [];
	const routes = socketRoutes({
		facts: { base: '/base', path: '/base/__live', isDevelopment },
		app: { upgrades: new Upgrades() },
		handler: (request: IncomingMessage, response: ServerResponse) => {
			asked.push(request.url);
			whenAsked();
			response.writeHead(status).end();
		},
		guessesScheme: () => false,
		forward: new SocketForward({ emit: () => true })
	});
	return { routes, asked };
}

test('an endpoint is below the base path, with or without a query', () => {
	controller = new WebSocketEndpointController();
	controller.continuous('/chat', () => {});
	const { routes } = routesOf(200);
	const takes = (url: string) => routes.takes(requestOf(url));
	expect(['/base/chat', '/base/chat?x=1', '/chat', '/base/other', '/base/__live/connect/a.b.c'].map(takes)).toEqual([
		true,
		true,
		false,
		false,
		true
	]);
});

test('in development an unknown path is looked for once more, when the hooks have run', async () => {
	const whenAsked = (): void => {
		controller ??= new WebSocketEndpointController();
		controller.continuous('/late', () => {});
	};
	controller = undefined;
	const { routes, asked } = routesOf(200, { isDevelopment: true, whenAsked });
	expect(await routes.takes(requestOf('/base/late?x=1'))).toBe(true);
	expect(asked).toEqual(['/base/__live/health?x=1']);
	expect(await routes.takes(requestOf('/base/', { 'sec-websocket-protocol': 'vite-hmr' }))).toBe(false);
	expect(asked).toHaveLength(1);
});

test('a hook that turns the request away means nobody, and the socket is told so', async () => {
	const { routes, asked } = routesOf(303);
	const admission = await routes.admit(requestOf('/base/__live/connect/proc.name.secret'));
	const closed: unknown[] = [];
	const socket = { close: (...end: unknown[]) => void closed.push(...end) } as unknown as MessageSocket;
	if ('accept' in admission) admission.accept(socket);
	expect(closed).toEqual([4401, 'UNAUTHORIZED: sign in first: the app refused the request']);
	expect(asked, 'the app sees no key').toEqual(['/base/__live/connect/']);
});

test('a hook that fails is a refusal with its status', async () => {
	const { routes } = routesOf(503);
	expect(await routes.admit(requestOf('/base/chat'))).toEqual({
		status: 503,
		reason: 'The app refused the request.'
	});
});
