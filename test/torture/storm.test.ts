// Thousands of clients whose server is killed come back to the others: soon, spread, and without loading anything anew.

import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { expect, it } from 'vitest';
import type { StormReport, StormWeather } from './messages.ts';
import { endSpares, Server } from './server.ts';
import { startService } from './services.ts';
import { CHOSEN, IS_LONG } from './settings.ts';

const PROCESSES = 3;
const CLIENT_PROCESSES = 2;
/** On each server. */
const CLIENTS = Number(process.env['TORTURE_CLIENTS'] || (IS_LONG ? 3_000 : 500));
/**
 * What is promised, with 99 of 100, and what connecting and catching up may take on a busy machine: the delays of reconnects
 * alone are drawn from 0 to 5 s, which makes a p99 of 4.95 s.
 */
const BACK_WITHIN_MS = 5_000 + 250;
const LOOK_EVERY_MS = 100;

it.runIf(CHOSEN.includes('redis'))(
	`${PROCESSES} × ${CLIENTS} clients: those of a killed process are back with a p99 of 5 s, and load nothing twice`,
	{ timeout: 180_000, retry: 1 },
	async () => {
		await using service = await startService('redis');
		const folder = mkdtempSync(join(tmpdir(), 'tidewire-torture-'));
		const clients: ChildProcess[] = [];
		const servers: Server[] = [];
		try {
			for (let index = 0; index < PROCESSES; index++)
				servers.push(await startServer(index, service.port, folder));
			const weather: StormWeather = { urls: servers.map(({ url }) => url), sinceMs: 0 };
			for (let index = 0; index < CLIENT_PROCESSES; index++) clients.push(startClients(weather));
			await Promise.all(clients.map((child) => once(child, 'message')));
			const [victim, ...survivors] = servers as [Server, ...Server[]];
			const before = await loadsOf(survivors);
			const sinceMs = Date.now();
			for (const child of clients) child.send({ urls: survivors.map(({ url }) => url), sinceMs });
			await victim.kill();
			const awayMs = await allBack(clients);
			const loads = (await loadsOf(survivors)).map((count, index) => count - before[index]!);
			const at = (part: number): number => awayMs[Math.floor(awayMs.length * part)]!;
			const figures = { clients: awayMs.length, p50: at(0.5), p99: at(0.99), max: awayMs.at(-1), loads };
			process.stdout.write(`${JSON.stringify(figures)}\n`);
			expect(awayMs.length).toBeGreaterThan(0.9 * CLIENTS);
			expect(at(0.99)).toBeLessThanOrEqual(BACK_WITHIN_MS);
			expect(Math.max(...loads)).toBeLessThanOrEqual(1);
		} finally {
			for (const child of clients) child.kill('SIGKILL');
			await Promise.all(servers.map((server) => server.kill()));
			endSpares();
			rmSync(folder, { recursive: true, force: true });
		}
	}
);

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

/** Resolves when nobody is away any more: how long each was, the shortest first. */
async function allBack(clients: readonly ChildProcess[]): Promise<number[]> {
	for (;;) {
		await delay(LOOK_EVERY_MS);
		const reports = await Promise.all(
			clients.map(async (child) => {
				child.send('report');
				const [report] = (await once(child, 'message')) as [StormReport];
				return report.awayMs;
			})
		);
		if (reports.every((times) => times.length > 0)) return reports.flat().toSorted((a, b) => a - b);
	}
}
