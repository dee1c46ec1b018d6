// What a process has cost so far, from /proc: all its threads, in nanoseconds where the kernel counts them.

import { readdirSync, readFileSync } from 'node:fs';

/** Seconds of CPU time; NaN on a system without /proc. */
export function cpuSeconds(pid: number): number {
	try {
		let nanoseconds = 0;
		for (const thread of readdirSync(`/proc/${pid}/task`)) {
			nanoseconds += Number(readFileSync(`/proc/${pid}/task/${thread}/schedstat`, 'latin1').split(' ')[0]);
		}
		return nanoseconds / 1e9;
	} catch {
		return Number.NaN;
	}
}

/** Resident memory in bytes; NaN on a system without /proc. */
export function residentBytes(pid: number): number {
	try {
		const kilobytes = /VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'latin1'))?.[1];
		return Number(kilobytes) * 1024;
	} catch {
		return Number.NaN;
	}
}
