// How a value that was awaited while the server rendered reaches the browser: through Svelte's `hydratable`, under one
// key on both sides. Only apps with `experimental.async` have that; in others each side loads for itself.

import { hydratable } from 'svelte';
import type { ErrorCode } from '../base/errors.ts';
import { isLiveError, LiveError } from '../base/errors.ts';
import type { LiveSnapshot } from '../base/surface.ts';
import { requestKey } from '../client/request.ts';

/** What the server writes into the page. A failure is there for the rest of the same render only. */
type Seed = { snapshot: LiveSnapshot<unknown> } | { failed: [code: ErrorCode, message: string] };

/** The key of a stream's seed in the page. */
export function seedKey(path: string, args: readonly unknown[]): string {
	return `tidewire:${requestKey(path, args)}`;
}

/** Server: loads once per key and render, and leaves the outcome in the page. */
export async function sow<Value>(key: string, load: () => Promise<LiveSnapshot<Value>>): Promise<LiveSnapshot<Value>> {
	let settle: (seed: Promise<Seed>) => void = () => {};
	const own = new Promise<Seed>((resolve) => (settle = resolve));
	const shared = planted(key, own);
	if (shared === own) {
		const loading = load();
		settle(loading.then(succeeded, failed));
		return loading;
	}
	// In development Svelte compares what a later caller brings with what the first one brought: bring the same.
	settle(shared);
	const seed = await shared;
	if ('failed' in seed) throw new LiveError(...seed.failed);
	return seed.snapshot as LiveSnapshot<Value>; // The same key: the same stream.
}

/** Browser, while Svelte hydrates the page: what the server left there; undefined in all other cases. */
export async function reap(key: string): Promise<LiveSnapshot<unknown> | undefined> {
	const seed = await planted<Promise<Seed> | undefined>(key, undefined);
	return seed && 'snapshot' in seed ? seed.snapshot : undefined;
}

/** Without `experimental.async`, and outside of a render, there is nothing to share and `own` is the answer. */
function planted<Planted>(key: string, own: Planted): Planted {
	try {
		return hydratable(key, () => own);
	} catch {
		return own;
	}
}

function succeeded(snapshot: LiveSnapshot<unknown>): Seed {
	return { snapshot };
}

/** The page is public: what was not meant for the client stays on the server. */
function failed(error: unknown): Seed {
	return { failed: isLiveError(error) ? [error.code, error.message] : ['INTERNAL', 'INTERNAL'] };
}
