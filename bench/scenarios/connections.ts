// Connections themselves. `idle`: what one costs in memory while nothing happens. `storm`: all of them drop at once and
// come back at once, each with its subscription.

import { setTimeout as sleep } from 'node:timers/promises';
import { noFaults, openMany, type Client } from '../client/client.ts';
import { cpuSeconds, residentBytes } from '../lib/cpu.ts';
import type { Measured, Run } from './scenario.ts';

/** Opened and closed before anything is measured, so that code is compiled and pools are filled. */
const WARM_CONNECTIONS = 200;

const subscribe = (client: Client): Promise<void> => client.subscribe(0);

export async function idle(run: Run, { connections = 10_000 }): Promise<Measured> {
	const faults = noFaults();
	for (const client of await openMany({ ...run, faults }, WARM_CONNECTIONS, subscribe)) client.destroy();
	await sleep(run.warmMs);
	const before = { bytes: residentBytes(run.pid), cpu: cpuSeconds(run.pid), ms: performance.now() };
	const clients = await openMany({ ...run, faults }, connections, subscribe);
	const opened = { cpu: cpuSeconds(run.pid), ms: performance.now() };
	await sleep(run.measureMs);
	const bytesEach = (residentBytes(run.pid) - before.bytes) / connections;
	for (const client of clients) client.destroy();
	return {
		operations: connections,
		seconds: (opened.ms - before.ms) / 1e3,
		cpuMicros: ((opened.cpu - before.cpu) / connections) * 1e6,
		figures: { bytesEach },
		faults
	};
}

export async function storm(run: Run, { connections = 1000 }): Promise<Measured> {
	const faults = noFaults();
	let clients = await openMany({ ...run, faults }, connections, subscribe);
	let reconnected = 0;
	let slowestMs = 0;
	const before = { cpu: cpuSeconds(run.pid), ms: performance.now() };
	while (reconnected === 0 || performance.now() - before.ms < run.measureMs) {
		for (const client of clients) client.destroy();
		const fromMs = performance.now();
		clients = await openMany({ ...run, faults }, connections, subscribe);
		slowestMs = Math.max(slowestMs, performance.now() - fromMs);
		reconnected += connections;
	}
	const seconds = (performance.now() - before.ms) / 1e3;
	const cpuMicros = ((cpuSeconds(run.pid) - before.cpu) / reconnected) * 1e6;
	for (const client of clients) client.destroy();
	return { operations: reconnected, seconds, cpuMicros, figures: { allBackMs: slowestMs }, faults };
}
