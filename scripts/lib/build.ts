// Builds the package: src → dist by tsc, plus the files that tsc leaves out (`.svelte` and declarations written by
// hand). The new dist takes the place of the old one only when it is complete, so that whoever reads dist meanwhile
// never finds half of it.
import { chmodSync, cpSync, globSync, mkdirSync, renameSync, rmSync, utimesSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { isCurrent } from './current.ts';
import { root, run } from './run.ts';

const dist = join(root, 'dist');

/** Builds into dist. False, with the old dist left in place, when src does not compile. */
export async function build(): Promise<boolean> {
	const started = new Date();
	// Beside dist, because the source maps name the sources by their relative path.
	const output = join(root, `dist-${process.pid}`);
	try {
		if ((await run('tsc', ['-p', 'tsconfig.build.json', '--outDir', output])) !== 0) return false;
		for (const file of globSync('src/**/*.{svelte,d.ts}', { cwd: root })) {
			const target = join(output, relative('src', file));
			mkdirSync(dirname(target), { recursive: true });
			cpSync(join(root, file), target);
			// The name under which TypeScript looks for a component's types when it resolves as Node does.
			if (file.endsWith('.svelte.d.ts'))
				cpSync(join(root, file), target.replace(/\.svelte\.d\.ts$/, '.d.svelte.ts'));
		}
		chmodSync(join(output, 'cli', 'tidewire.js'), 0o755);
		rmSync(dist, { recursive: true, force: true });
		renameSync(output, dist);
		utimesSync(dist, started, started);
		return true;
	} finally {
		rmSync(output, { recursive: true, force: true });
	}
}

/** Builds when dist is missing or a source is newer than it. */
export async function ensureBuilt(): Promise<boolean> {
	return isCurrent(dist, ['src/**/*.{ts,svelte}', 'tsconfig*.json']) || (await build());
}
