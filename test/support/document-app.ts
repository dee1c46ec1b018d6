// An app made of nothing but what documents show, in which their claims are tried.
import { join } from 'node:path';
import { root } from '../../scripts/lib/run.ts';
import { filesOf, fixtureFiles, type Files } from '../docs/assemble.ts';
import { Fixture } from './fixture.ts';

/** The fixture's own files; its package.json and tsconfig.json are those of any app. */
const NOT_SHOWN = ['src', 'custom-server.js', 'vite.config.ts'];

export interface DocumentAppOptions {
	/** Files besides those that the documents show. */
	files?: Files;
	/** Added to the environment of everything that runs in it. */
	env?: Record<string, string>;
}

export function documentApp(documents: string[], options: DocumentAppOptions = {}): Fixture {
	const files = { ...fixtureFiles('base'), ...filesOf(...documents), ...options.files };
	return new Fixture('kit3', { without: NOT_SHOWN, files, env: options.env ?? {} });
}

/** What svelte-check says of it; empty where it finds nothing to say. */
export async function typeErrors(app: Fixture): Promise<string> {
	const modules = join(root, 'node_modules');
	const sync = await app.run([join(modules, '@sveltejs/kit/svelte-kit.js'), 'sync']);
	if (sync.code !== 0) return sync.output;
	const checker = join(modules, 'svelte-check/bin/svelte-check');
	const check = await app.run([
		checker,
		'--tsconfig',
		'./tsconfig.json',
		'--fail-on-warnings',
		'--output',
		'machine'
	]);
	return check.code === 0 ? '' : check.output;
}
