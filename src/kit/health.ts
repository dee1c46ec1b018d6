// What probes ask: whether the process runs, and whether connections are welcome. Everybody may ask, so the answer names
// no host, no error and nothing of the application.

import { runtime } from '../server/runtime.ts';
import type { Readiness } from '../server/readiness.ts';
import type { AppFacts, KitEvent } from './app.ts';
import type { LiveApp } from './live-app.ts';

/** What the public is told in place of the server's own words, which may name a host. */
const REASONS: Record<Exclude<Readiness['state'], 'ready'>, string> = {
	starting: 'the server is starting',
	draining: 'the server is shutting down',
	'no-backplane': 'the backplane cannot be reached'
};

/** The answer to a probe; null where the request is none. */
export function answerProbe(event: KitEvent, facts: AppFacts, app: LiveApp): Response | null {
	const { pathname } = event.url;
	const isHealth = pathname === `${facts.path}/health`;
	if (!isHealth && pathname !== `${facts.path}/ready`) return null;
	const { method } = event.request;
	if (method !== 'GET' && method !== 'HEAD')
		return new Response(null, { status: 405, headers: { allow: 'GET, HEAD' } });
	if (isHealth) return answer(200, { alive: true });
	const state = stateOf(app);
	return state === 'ready'
		? answer(200, { ready: true })
		: answer(503, { ready: false, reason: REASONS[state] }, { 'retry-after': '1' });
}

/** An app that is not up yet has modules to load, even if its server runs. */
function stateOf(app: LiveApp): Readiness['state'] {
	if (app.isStopped) return 'draining';
	return app.isStarted ? (runtime().server?.readiness.state ?? 'starting') : 'starting';
}

function answer(status: number, body: unknown, headers: Record<string, string> = {}): Response {
	return new Response(`${JSON.stringify(body)}\n`, {
		status,
		headers: { 'content-type': 'application/json', 'cache-control': 'no-store', ...headers }
	});
}
