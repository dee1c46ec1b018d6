// The `handle` hook. Pages pass through; an upgrade request ends here, after the app's own hooks have found out who it
// is. Every adapter's server contains this file, and with it the list of all live modules.

import { originRefusal } from '../base/origin.ts';
import type { MaybePromise } from '../base/maybe-promise.ts';
import type { AppFacts, KitEvent } from './app.ts';
import { runtime } from '../server/runtime.ts';
import { answerProbe } from './health.ts';
import type { LiveApp } from './live-app.ts';
import { reportError } from './report.ts';
import { socketRegistry } from '../sockets/registry.ts';
import type { PendingUpgrade, UpgradeAnswer } from './upgrades.ts';

/** SvelteKit's `Handle`, for its versions 2 and 3. */
export type LiveHandle = <Event extends KitEvent>(input: {
	event: Event;
	resolve: (event: Event) => MaybePromise<Response>;
}) => Promise<Response>;

export function createHandle(facts: AppFacts, app: LiveApp): LiveHandle {
	app.introduce(facts);
	return async ({ event, resolve }) => {
		if (facts.isBuilding) return resolve(event);
		const upgrade = app.upgrades.take(event.request);
		if (upgrade) return answerUpgrade(app, event, upgrade);
		const attached = await attachLate(facts, app, event);
		if (attached && isUpgrade(event, facts)) return tryAgain();
		// Begun and not awaited: a page that needs the live part waits for it by itself.
		if (!app.isStarted && !app.isStopped) app.start().catch((error: unknown) => reportOnce(error));
		return (
			answerProbe(event, facts, app) ??
			runtime().routes.get(event.url.pathname)?.(event.request) ??
			resolve(event)
		);
	};
}

async function answerUpgrade(app: LiveApp, event: KitEvent, upgrade: PendingUpgrade): Promise<Response> {
	await app.start();
	const reason = originRefusal(event.request.headers.get('origin'), {
		own: event.url.origin,
		allowed: app.config.origins ?? [],
		schemeGuessed: upgrade.guessesScheme(event.url)
	});
	if (reason === null) upgrade.answer(await visit(app, event, upgrade));
	else upgrade.answer({ status: 403, reason });
	return new Response(null, { status: reason === null ? 204 : 403 });
}

async function visit(app: LiveApp, event: KitEvent, upgrade: PendingUpgrade): Promise<UpgradeAnswer> {
	const visitor = { session: await app.readSession(event), remoteAddress: addressOf(event) };
	return upgrade.admit ? upgrade.admit({ ...visitor, source: event }) : visitor;
}

/** An adapter that is told to read the address from a header throws where the header is missing. */
function addressOf(event: KitEvent): string | undefined {
	try {
		return event.getClientAddress();
	} catch {
		return undefined;
	}
}

/** Where the build could not wrap the adapter's server (adapter-node 5), its first request shows which server it is. */
async function attachLate(facts: AppFacts, app: LiveApp, event: KitEvent): Promise<boolean> {
	const httpServer = httpServerOf(event.platform);
	if (facts.isDevelopment || httpServer === undefined || app.httpServers.has(httpServer)) return false;
	const { attachToRequests } = await import('./node/attach.ts');
	await attachToRequests(facts, app, httpServer);
	return true;
}

function httpServerOf(platform: unknown): object | undefined {
	type NodePlatform = { req?: { socket?: { server?: object } } } | undefined;
	return (platform as NodePlatform)?.req?.socket?.server;
}

function isUpgrade(event: KitEvent, { path }: AppFacts): boolean {
	const { pathname } = event.url;
	const isOurs = pathname === path || socketRegistry().takes(pathname);
	return isOurs && event.request.headers.get('upgrade')?.toLowerCase() === 'websocket';
}

/** The very first request of a server was an upgrade: it came as a page, and the next one will find the door. */
function tryAgain(): Response {
	return new Response('The server has just started. Connect again.\n', {
		status: 503,
		headers: { 'retry-after': '1' }
	});
}

let reported: string | undefined;

function reportOnce(error: unknown): void {
	const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
	if (text !== reported) reportError(text);
	reported = text;
}
