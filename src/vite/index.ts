// `tidewire/vite`: the plugin.

export type { TidewireOptions } from './options.ts';
export { tidewire } from './plugin.ts';
