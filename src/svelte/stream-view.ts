// The type of the component, written down: a declaration file cannot import one from a .svelte file.

import type { ComponentConstructorOptions, SvelteComponent } from 'svelte';
import View from './StreamView.svelte';
import type { StreamViewProps } from './viewable.ts';

/** A component with a type parameter, in the two shapes that Svelte's tools read: `new` for templates, a call for `mount`. */
export interface StreamViewComponent {
	new <Value>(options: ComponentConstructorOptions<StreamViewProps<Value>>): SvelteComponent<StreamViewProps<Value>>;
	<Value>(internals: unknown, props: StreamViewProps<Value>): Record<string, never>;
}

/** Shows a stream in all its states: loading, a value, an error with a way to try again, and a value that is stale. */
export const StreamView = View as unknown as StreamViewComponent;
