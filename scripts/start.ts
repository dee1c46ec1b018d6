// `npm start`: builds the package and the example board, then serves the board's production build.
// PORT (3000) and HOST are SvelteKit's own; a signal to this process goes on to the server, which closes and exits.
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { ensureBuilt } from './lib/build.ts';
import { buildExample } from './lib/examples.ts';
import { root } from './lib/run.ts';

const port = process.env['PORT'] ?? '3000';
const example = 'examples/board';

if (!(await ensureBuilt()) || !(await buildExample(example))) process.exit(1);

const server = spawn(process.execPath, ['build'], {
	cwd: join(root, example),
	env: { ...process.env, PORT: port },
	stdio: 'inherit'
});
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => server.kill(signal));
// npm passes SIGTERM to the shell between itself and this script, and that shell dies of it without passing it on.
const parent = process.ppid;
const watch = setInterval(() => process.ppid !== parent && server.kill('SIGTERM'), 250);
watch.unref();
server.on('exit', (code) => (process.exitCode = code ?? 1));
console.log(`tidewire's board example: http://localhost:${port}`);
