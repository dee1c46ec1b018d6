// What the Vite plugin knows of the app, as a module of the app's own build. See src/vite/virtual.ts.
declare module 'virtual:tidewire/app' {
	import type { KitEvent } from './app.ts';

	/** Every live module by its id. Running one registers it. */
	export function modules(): Record<string, () => Promise<unknown>>;
	/** src/hooks.live.ts; an empty module where the app has none. */
	export function loadConfig(): Promise<{ default?: unknown }>;
	/** The app's base path: empty, or as `/base`. */
	export const base: string;
	/** Where sockets connect, with the app's base path. */
	export const path: string;
	/** The configured origin of the app; null where each request tells it. */
	export const origin: string | null;
	/** Whether this is `vite dev`. */
	export const isDevelopment: boolean;
	/** Whether SvelteKit runs the app in order to build it. */
	export const isBuilding: boolean;
	/** The request that is being answered. Throws where there is none. */
	export function getRequestEvent(): KitEvent;
}
