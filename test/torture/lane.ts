// Runs histories one after another, in a process of its own, on a service of its own. Its parent sends one task at a time.

import { runHistory } from './history.ts';
import type { BackplaneKind, Defect } from './messages.ts';
import { endSpares } from './server.ts';
import { startService, type Service } from './services.ts';

export interface Task {
	seed: number;
	backplane: BackplaneKind;
	defect: Defect | null;
}

let service: Service | null = null;
let kind: BackplaneKind | null = null;

async function serviceFor(backplane: BackplaneKind): Promise<Service> {
	if (service === null || kind !== backplane) {
		await service?.[Symbol.asyncDispose]();
		service = await startService(backplane);
		kind = backplane;
	}
	return service;
}

async function run(task: Task): Promise<void> {
	const result = await runHistory({ ...task, service: await serviceFor(task.backplane) });
	process.send?.(result);
}

process.on('message', (task: Task) => {
	run(task).catch((error: unknown) => {
		process.stderr.write(`${String(error)}\n`);
		process.exit(1);
	});
});

process.on('disconnect', () => {
	endSpares();
	void service?.[Symbol.asyncDispose]().then(() => process.exit(0));
	if (service === null) process.exit(0);
});
