// Thousands of clients whose server is killed come back to the others: soon, spread, and without loading anything anew.

import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import type { Return, StormWeather } from './messages.ts';
import { endSpares, Server } from './server.ts';
import { startService } from './services.ts';
import { CHOSEN, IS_LONG } from './settings.ts';

const PROCESSES = 3;
const CLIENT_PROCESSES = 2;
/** On each server. */
const CLIENTS = Number(process.env['TORTURE_CLIENTS'] || (IS_LONG ? 3_000 : 500));
/** What is promised, with 99 of 100. */
const BACK_WITHIN_MS = 5_000;

it.runIf(CHOSEN.includes('redis'))(
	`${PROCESSES} × ${CLIENTS} clients: those of a killed process are back with a p99 of 5 s, and load nothing twice`,
	{ timeout: 180_000 },
	async () => {
		await using service = await startService('redis');
		const folder = mkdtempSync(join(tmpdir(), 'tidewire-torture-'));
		const clients: ChildProcess[] = [];
		const servers: Server[] = [];
		try {
			for (let index = 0; index < PROCESSES; index++)
				servers.push(await startServer(index, service.port, folder));
			const all = { urls: servers.map(({ url }) => url) };
			for (let index = 0; index < CLIENT_PROCESSES; index++) clients.push(startClients(all));
			await answers(clients);
			const [victim, ...survivors] = servers as [Server, ...Server[]];
			const before = await loadsOf(survivors);
			const known = answers(clients);
			for (const child of clients) child.send({ urls: survivors.map(({ url }) => url) });
			await known;
			const sinceMs = Date.now();
			const back = answers<Return[]>(clients);
			await victim.kill();
			const returns = (await back).flat();
			const loads = (await loadsOf(survivors)).map((count, index) => count - before[index]!);
			expectPromises(returns, sinceMs, loads);
		} finally {
			for (const child of clients) child.kill('SIGKILL');
			await Promise.all(servers.map((server) => server.kill()));
			endSpares();
			rmSync(folder, { recursive: true, force: true });
		}
	}
);

/**
 * How long connecting takes is the machine's, which other tests share unless this campaign has it for itself: otherwise only
 * the wait before it is held against what is promised, and that nobody has to try twice.
 */
function expectPromises(returns: readonly Return[], sinceMs: number, loads: readonly number[]): void {
	const away = spread(returns.map(({ atMs }) => atMs - sinceMs));
	const waiting = spread(returns.map(({ atMs, connectingMs }) => atMs - sinceMs - connectingMs));
	const connecting = spread(returns.map(({ connectingMs }) => connectingMs));
	const attempts = Math.max(...returns.map(({ attempts }) => attempts));
	const figures = { clients: returns.length, away, waiting, connecting, attempts, loads };
	process.stdout.write(`${JSON.stringify(figures)}\n`);
	expect(returns.length).toBeGreaterThan(0.9 * CLIENTS);
	expect(IS_LONG ? away.p99 : waiting.p99).toBeLessThanOrEqual(BACK_WITHIN_MS);
	expect(attempts).toBe(1);
	expect(Math.max(...loads)).toBeLessThanOrEqual(1);
}

function spread(times: readonly number[]): Record<'p50' | 'p99' | 'max', number> {
	const sorted = times.toSorted((one, other) => one - other);
	const at = (part: number): number => sorted[Math.floor(sorted.length * part)]!;
	return { p50: at(0.5), p99: at(0.99), max: sorted.at(-1)! };
}

async function startServer(index: number, port: number, folder: string): Promise<Server> {
	const own = { name: `p${index}`, backplane: 'redis', port, space: 'storm' } as const;
	const limits = { heartbeatMs: 15_000, connectionsPerUser: 100_000, helloTimeoutMs: 30_000 };
	return await Server.start(
		{ ...own, database: join(folder, 'app.db'), events: 10_000, defect: null, limits },
		{ appended: () => {}, reported: (text) => void process.stderr.write(`${text}\n`) }
	);
}

function startClients(weather: StormWeather): ChildProcess {
	const count = Math.ceil((PROCESSES * CLIENTS) / CLIENT_PROCESSES);
	return fork(join(import.meta.dirname, 'storm-process.ts'), [String(count), JSON.stringify(weather)], {
		execArgv: ['--disable-warning=ExperimentalWarning']
	});
}

/** How often each has loaded the rows that all of them read. */
const loadsOf = (servers: readonly Server[]): Promise<number[]> =>
	Promise.all(servers.map(async (server) => (await server.ask({ kind: 'loads' }))['blue'] ?? 0));

/** The next message of each. */
const answers = <Message>(children: readonly ChildProcess[]): Promise<Message[]> =>
	Promise.all(children.map(async (child) => ((await once(child, 'message')) as [Message])[0]));
