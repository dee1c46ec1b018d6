// Runs one scenario against one server: `node bench/try.ts SERVER SCENARIO`, for work on either of them.

import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { TaskAnswer } from './client/worker.ts';
import { CASES } from './cases.ts';
import { CLIENT_CORE, start, startServer, stop } from './lib/processes.ts';
import { SERVERS } from './servers.ts';

const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url));
const [serverName = 'tidewire', ...names] = process.argv.slice(2);
const chosen = SERVERS.find(({ name }) => name === serverName);
if (!chosen) throw new Error(`servers: ${SERVERS.map(({ name }) => name).join(', ')}`);

for (const name of names) {
	const found = CASES.find((candidate) => candidate.name === name);
	if (!found) throw new Error(`scenarios: ${CASES.map(({ name }) => name).join(', ')}`);
	const server = await startServer(chosen.command);
	const worker = start(CLIENT_CORE, [process.execPath, here('client/worker.ts')], true);
	const run = { port: server.port, dialect: chosen.dialect, pid: server.child.pid ?? 0, warmMs: 1000, measureMs: 2000 };
	worker.send({ kind: found.kind, run, parameters: found.parameters });
	const [answer] = (await once(worker, 'message')) as [TaskAnswer];
	console.log(serverName, name, JSON.stringify(answer));
	await Promise.all([stop(server.child), stop(worker)]);
}
