// The orderly end of a server: what runs may finish, then every connection is told to come back elsewhere.

import type { Clock } from '../base/clock.ts';
import type { LiveError } from '../base/errors.ts';
import type { LiveConnection } from './live-connection.ts';
import type { Pacer } from './pacer.ts';
import type { Quiet } from './quiet.ts';
import { hurryIn, type Services } from './services.ts';

export interface Draining {
	clock: Clock;
	pacer: Pacer;
	quiet: Quiet;
	services: Services;
	connections: ReadonlySet<LiveConnection>;
	/** What a connection is told: when to come back is drawn anew for each. */
	goodbye: () => LiveError;
}

/**
 * Lets calls finish, then services, then closes every connection: each of them within `graceMs`.
 * @returns whether everything that ran could finish
 */
export async function drain(server: Draining, graceMs: number): Promise<boolean> {
	const { pacer, quiet, connections } = server;
	pacer.flush();
	const finished = await finishWork(server, graceMs);
	pacer.flush(); // what the last calls left
	for (const connection of [...connections]) connection.goodbye(server.goodbye());
	await quiet.until(() => connections.size === 0, graceMs);
	for (const connection of [...connections]) connection.terminate();
	return finished;
}

async function finishWork({ clock, quiet, services, connections }: Draining, graceMs: number): Promise<boolean> {
	const hurry = hurryIn(clock, graceMs);
	const begun = services.stopBeginners(hurry.signal);
	const isIdle = (): boolean =>
		quiet.handlers === 0 && [...connections].every(({ pendingCalls }) => pendingCalls === 0);
	await quiet.until(isIdle, graceMs);
	const idle = isIdle();
	const finished = [await begun, await services.stop(hurry.signal)];
	hurry.cancel();
	return idle && !finished.includes(false);
}
