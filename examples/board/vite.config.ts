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
			csrf: { trustedOrigins: ['*'] }
		}),
		tidewire()
	]
});
