// One case against one server: both processes are fresh, so that no case changes what the next one finds.

import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { Case } from '../cases.ts';
import type { Task, TaskAnswer } from '../client/worker.ts';
import type { Measured } from '../scenarios/scenario.ts';
import type { Server } from '../servers.ts';
import { CLIENT_CORE, start, startServer, stop } from './processes.ts';

export interface Times {
	warmMs: number;
	measureMs: number;
}

/** A case that hangs must not hold up the others. */
const LIMIT_MS = 60_000;
const WORKER = fileURLToPath(new URL('../client/worker.ts', import.meta.url));

/** @throws {Error} where the server or the scenario fails or takes too long */
export async function runCase(chosen: Case, server: Server, times: Times): Promise<Measured> {
	const running = await startServer(server.command);
	const worker = start(CLIENT_CORE, [process.execPath, WORKER], true);
	try {
		const run = { port: running.port, dialect: server.dialect, pid: running.child.pid ?? 0, ...times };
		worker.send({ kind: chosen.kind, run, parameters: chosen.parameters } satisfies Task);
		const signal = AbortSignal.timeout(LIMIT_MS);
		const [answer] = (await once(worker, 'message', { signal })) as [TaskAnswer];
		if ('failed' in answer) throw new Error(answer.failed);
		return answer.measured;
	} finally {
		await Promise.all([stop(running.child), stop(worker)]);
	}
}
