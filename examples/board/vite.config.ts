import adapter from '@sveltejs/adapter-node';
import { sveltekit } from '@sveltejs/kit/vite';
import { tidewire } from 'tidewire/vite';
import { defineConfig } from 'vite';

export default defineConfig({
	plugins: [
		sveltekit({
			adapter: adapter(),
			compilerOptions: { runes: true },
			// Behind plain http the Node adapter takes the app's own origin for https, and would refuse every form.
			// src/hooks.server.ts compares hosts instead.
			csrf: { trustedOrigins: ['*'] },
			csp: {
				directives: {
					'default-src': ['self'],
					// Svelte sets styles of elements, for example where a cursor is.
					'style-src': ['self', 'unsafe-inline'],
					'base-uri': ['none'],
					'form-action': ['self'],
					'frame-ancestors': ['none'],
					'object-src': ['none']
				}
			}
		}),
		tidewire()
	]
});
