// The first load of a list: from asking to the last row, one after another on one connection.

import { Client, noFaults } from '../client/client.ts';
import { measure, percentile, type Measured, type Run } from './scenario.ts';

export async function load(run: Run, { rows = 1 }): Promise<Measured> {
	const faults = noFaults();
	const client = await Client.open({ ...run, faults });
	const micros: number[] = [];
	let missing = 0;
	let askedAt = 0;
	let unload = (): void => {};
	const next = (): void => {
		missing = rows;
		askedAt = performance.now();
		unload = client.load(rows);
	};
	client.onMark = () => {
		if (--missing > 0) return;
		micros.push((performance.now() - askedAt) * 1e3);
		unload();
		setImmediate(next);
	};
	next();
	const measured = await measure(run, () => micros.length);
	client.onMark = () => {};
	client.destroy();
	return { ...measured, figures: { p50: percentile(micros, 0.5), p99: percentile(micros, 0.99) }, faults };
}
