// What every scenario gets and gives. A scenario runs in the load client's process and measures the server's.

import { setTimeout as sleep } from 'node:timers/promises';
import type { DialectName } from '../client/dialects.ts';
import type { Faults } from '../client/client.ts';
import { cpuSeconds } from '../lib/cpu.ts';

export interface Run {
	port: number;
	dialect: DialectName;
	/** The server's process. */
	pid: number;
	warmMs: number;
	measureMs: number;
}

export interface Measured {
	/** Calls, deliveries or connections. */
	operations: number;
	seconds: number;
	/** Microseconds of the server's CPU per operation. */
	cpuMicros: number;
	/** Whatever else the scenario looks at, by name. */
	figures: Record<string, number>;
	faults: Faults;
}

/** Lets a load run, and looks at what the middle part of it cost. */
export async function measure(run: Run, operations: () => number): Promise<Omit<Measured, 'faults' | 'figures'>> {
	await sleep(run.warmMs);
	const before = { operations: operations(), seconds: performance.now() / 1e3, cpu: cpuSeconds(run.pid) };
	await sleep(run.measureMs);
	const cpu = cpuSeconds(run.pid) - before.cpu;
	const count = operations() - before.operations;
	return { operations: count, seconds: performance.now() / 1e3 - before.seconds, cpuMicros: (cpu / count) * 1e6 };
}

/** A value at a fraction of a sorted copy. */
export function percentile(values: ArrayLike<number>, fraction: number): number {
	const sorted = Float64Array.from(values).toSorted();
	return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * fraction))] ?? Number.NaN;
}

/** Waits for what is still under way: what has not arrived after `limitMs` is lost. */
export async function settled(missing: () => number, limitMs = 5_000): Promise<number> {
	for (let waited = 0; missing() > 0 && waited < limitMs; waited += 20) await sleep(20);
	return missing();
}
