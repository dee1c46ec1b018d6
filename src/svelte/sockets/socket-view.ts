// The type of the component, written down: a declaration file cannot import one from a .svelte file.

import type { ComponentConstructorOptions, SvelteComponent } from 'svelte';
import type { SocketViewProps } from './socket-props.ts';
import View from './SocketView.svelte';

/** A component with a type parameter, in the two shapes that Svelte's tools read: `new` for templates, a call for `mount`. */
export interface SocketViewComponent {
	new <Message = string | ArrayBuffer>(
		options: ComponentConstructorOptions<SocketViewProps<Message>>
	): SvelteComponent<SocketViewProps<Message>> & { $$bindings?: 'controller' | 'data' };
	<Message = string | ArrayBuffer>(internals: unknown, props: SocketViewProps<Message>): Record<string, never>;
	z_$$bindings?: 'controller' | 'data';
}

/** Connects to a raw socket, keeps the last messages, and comes back when the connection is lost. */
export const SocketView = View as unknown as SocketViewComponent;
