import { svelte } from '@sveltejs/vite-plugin-svelte';
import { defineConfig } from 'vitest/config';

// Unit tests stand beside what they test. Those of the Svelte binding run against the browser build of Svelte (where
// `$effect` runs); everything else runs as Node loads it. `test/` holds what needs several parts or a browser.

/** Svelte's `await` in templates, an experiment, for the components of the tests that are named after it. */
const asyncByName = ({ filename }: { filename: string }) =>
	filename.includes('/test/svelte/Async') ? { experimental: { async: true } } : {};

/** Tests that build apps and wait for servers and browsers. Files of them hardly disturb one another, two at a time. */
const apps = { maxWorkers: 2, testTimeout: 120_000, hookTimeout: 120_000, expect: { poll: { timeout: 10_000 } } };

export default defineConfig({
	test: {
		projects: [
			{
				// The examples' own tsconfig.json builds on one that SvelteKit generates, which tests do not wait for.
				tsconfig: 'tsconfig.json',
				test: {
					name: 'unit',
					include: ['src/**/*.test.ts', 'test/docs/**/*.test.ts', 'examples/*/src/**/*.test.ts'],
					exclude: ['src/svelte/**', 'src/**/*.simulator.test.ts']
				}
			},
			{
				plugins: [svelte({ configFile: false, dynamicCompileOptions: asyncByName })],
				resolve: { conditions: ['browser'] },
				test: {
					name: 'svelte',
					environment: 'happy-dom',
					setupFiles: ['test/svelte/hidden-page.ts'],
					include: ['src/svelte/**/*.test.ts']
				}
			},
			{
				test: {
					name: 'simulator',
					include: ['test/simulator/**/*.test.ts', 'src/**/*.simulator.test.ts'],
					testTimeout: 600_000
				}
			},
			{
				test: {
					name: 'hardening',
					include: ['test/hardening/**/*.test.ts'],
					fileParallelism: false,
					testTimeout: 30_000,
					hookTimeout: 30_000
				}
			},
			{
				test: {
					name: 'counts',
					include: ['test/counts/**/*.test.ts'],
					// V8 does not count what it has inlined.
					execArgv: ['--no-opt', '--no-maglev'],
					testTimeout: 20_000
				}
			},
			{
				test: {
					name: 'backplanes',
					include: ['test/backplanes/**/*.test.ts'],
					fileParallelism: false,
					testTimeout: 60_000,
					hookTimeout: 60_000
				}
			},
			{
				test: {
					name: 'torture',
					include: ['test/torture/**/*.test.ts'],
					fileParallelism: false,
					testTimeout: 60_000,
					hookTimeout: 60_000
				}
			},
			{
				test: {
					name: 'integration',
					include: ['test/integration/**/*.test.ts'],
					...apps
				}
			},
			{
				test: {
					name: 'e2e',
					include: ['test/e2e/**/*.e2e.ts'],
					exclude: ['test/e2e/timed/**'],
					...apps
				}
			},
			{
				test: {
					name: 'e2e-timed',
					include: ['test/e2e/timed/**/*.e2e.ts'],
					...apps,
					// What is measured has the machine to itself.
					maxWorkers: 1,
					sequence: { groupOrder: 1 }
				}
			}
		]
	}
});
