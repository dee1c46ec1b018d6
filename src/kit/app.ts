// What this folder needs of SvelteKit and of the app, described by shape: the same code runs with SvelteKit 2 and 3.

import type { SessionSource } from '../server/config.ts';

/** The part of SvelteKit's RequestEvent that is used. */
export interface KitEvent extends SessionSource {
	getClientAddress(): string;
	platform?: unknown;
}

/** What the Vite plugin tells of the app: the exports of `virtual:tidewire/app`. */
export interface AppFacts {
	modules: () => Record<string, () => Promise<unknown>>;
	loadConfig: () => Promise<{ default?: unknown }>;
	base: string;
	path: string;
	origin: string | null;
	isDevelopment: boolean;
	isBuilding: boolean;
	getRequestEvent(): KitEvent;
}
