// What was measured, case by case and server by server, over all rounds. Figures are medians.

import type { Measured } from '../scenarios/scenario.ts';

export class Results {
	readonly #measured = new Map<string, Measured[]>();
	readonly failures: string[] = [];

	add(caseName: string, serverName: string, measured: Measured): void {
		const key = keyOf(caseName, serverName);
		this.#measured.set(key, [...(this.#measured.get(key) ?? []), measured]);
	}

	/** How often a case was measured. */
	rounds(caseName: string, serverName: string): number {
		return this.#all(caseName, serverName).length;
	}

	/** The median of one figure; null where nothing was measured. */
	median(caseName: string, serverName: string, figure: (measured: Measured) => number | undefined): number | null {
		const values = this.#all(caseName, serverName).map((measured) => figure(measured) ?? Number.NaN);
		const sorted = values.filter((value) => Number.isFinite(value)).toSorted((one, other) => one - other);
		const middle = (sorted.length - 1) / 2;
		if (sorted.length === 0) return null;
		return ((sorted[Math.floor(middle)] ?? 0) + (sorted[Math.ceil(middle)] ?? 0)) / 2;
	}

	/** Everything lost, repeated, reordered or closed in all rounds of all cases of a server. */
	faultsOf(serverName: string): Measured['faults'] {
		const sum = { lost: 0, repeated: 0, reordered: 0, closed: 0 };
		for (const [key, all] of this.#measured) {
			if (!key.endsWith(`\n${serverName}`)) continue;
			for (const { faults } of all) for (const name of FAULTS) sum[name] += faults[name];
		}
		return sum;
	}

	#all(caseName: string, serverName: string): Measured[] {
		return this.#measured.get(keyOf(caseName, serverName)) ?? [];
	}
}

export const FAULTS = ['lost', 'repeated', 'reordered', 'closed'] as const;

const keyOf = (caseName: string, serverName: string): string => `${caseName}\n${serverName}`;

export const cpuMicros = (measured: Measured): number => measured.cpuMicros;
export const perSecond = (measured: Measured): number => measured.operations / measured.seconds;
