// Builds the package: src → dist by tsc, plus the files that tsc does not know (`.svelte`).
import { spawnSync } from 'node:child_process';
import { cpSync, globSync, rmSync } from 'node:fs';
import { join, relative } from 'node:path';

const root = join(import.meta.dirname, '..');

rmSync(join(root, 'dist'), { recursive: true, force: true });
const tsc = spawnSync('tsc', ['-p', 'tsconfig.build.json'], { cwd: root, stdio: 'inherit' });
if (tsc.status !== 0) process.exit(tsc.status ?? 1);

for (const file of globSync('src/**/*.svelte', { cwd: root })) {
	cpSync(join(root, file), join(root, 'dist', relative('src', file)));
}
