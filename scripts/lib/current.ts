// Whether something has to be built again.
import { existsSync, globSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { root } from './run.ts';

/** Whether what was built is newer than all of its sources, which are patterns relative to the project's folder. */
export function isCurrent(built: string, sources: readonly string[]): boolean {
	if (!existsSync(built)) return false;
	const builtAt = statSync(built).mtimeMs;
	const files = globSync([...sources], { cwd: root });
	return files.every((file) => file.endsWith('.test.ts') || statSync(join(root, file)).mtimeMs < builtAt);
}
