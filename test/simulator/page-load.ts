// Renders a page on the server: loads a stream without a connection.

import type { LiveSnapshot } from '../../src/base/surface.ts';
import type { Process, World } from './world.ts';

export interface PageLoad {
	path: string;
	args: unknown[];
	user: string;
}

/** The snapshot; null where the load failed, was refused or did not end in time. */
export async function loadPage(
	world: World,
	process: Process,
	{ path, args, user }: PageLoad
): Promise<LiveSnapshot<unknown> | null> {
	let outcome: LiveSnapshot<unknown> | null = null;
	const load = process.server.loadStream(path, world.sessionOf(user), args).then(
		(snapshot) => (outcome = snapshot),
		() => null
	);
	await world.clock.advance(world.random.below(60));
	void load;
	return outcome;
}
