// What runs on the server side of the tests of server rendering: this file is loaded as an app's server loads it, with
// Svelte's server build.

import { render } from 'svelte/server';
import { LiveError } from '../../src/base/errors.ts';
import type { LiveSnapshot } from '../../src/base/surface.ts';
import { seedKey } from '../../src/svelte/seed.ts';
import { createServerResource } from '../../src/svelte/server-resource.ts';
import AsyncCards from './AsyncCards.svelte';
import HydratedCards from './HydratedCards.svelte';

export interface Page {
	head: string;
	body: string;
	/** How often the stream was loaded. */
	loads: number;
}

/** Renders the component that awaits its stream. `names` is what a load gives, anew each time. */
export async function renderAwaited(names: (load: number) => string[]): Promise<Page> {
	let loads = 0;
	const load = () => Promise.resolve(snapshotOf(names((loads += 1))));
	const { head, body } = await render(AsyncCards, { props: { open: () => open(load) } });
	return { head, body, loads };
}

export async function renderHydrated(snapshot: LiveSnapshot<string[]>): Promise<Page> {
	let loads = 0;
	const load = () => Promise.resolve(snapshotOf([`load ${(loads += 1)}`]));
	const { head, body } = await render(HydratedCards, { props: { open: () => open(load), snapshot } });
	return { head, body, loads };
}

/** Renders the component with a stream whose load is refused; resolves to what the render rejected with. */
export async function renderRefused(): Promise<unknown> {
	const load = () => Promise.reject(new LiveError('FORBIDDEN', 'not a member'));
	try {
		await render(AsyncCards, { props: { open: () => open(load) } });
		return undefined;
	} catch (error) {
		return error;
	}
}

function open(load: () => Promise<LiveSnapshot<string[]>>) {
	return createServerResource<string[], never>(load, seedKey('lib/board/cards', ['b1']));
}

function snapshotOf(value: string[]): LiveSnapshot<string[]> {
	return {
		value,
		position: { epoch: 'e', offset: 7 },
		merge: { kind: 'set', key: 'id', prepend: false, max: 0 }
	};
}
