// `tidewire/kit`: the hook that joins live modules to a SvelteKit app.

import * as facts from 'virtual:tidewire/app';
import { createHandle } from './handle.ts';
import { liveApp } from './live-app.ts';

export type { KitEvent } from './app.ts';
export type { LiveHandle } from './handle.ts';

/**
 * The last of the app's `handle` hooks, after those that find out who asks:
 * `export const handle = sequence(auth, live)` in src/hooks.server.ts.
 */
export const live = createHandle(facts, liveApp());
