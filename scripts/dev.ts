// `npm run dev`: builds the package and serves the example board by Vite's dev server. Arguments go to Vite.
import { join } from 'node:path';
import { build } from './lib/build.ts';
import { root, run } from './lib/run.ts';

if (!(await build())) process.exit(1);
process.exitCode = await run('vite', ['dev', ...process.argv.slice(2)], { cwd: join(root, 'examples/board') });
