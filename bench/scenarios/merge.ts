// What an event costs the client: it is decoded, merged into a list of rows, and the list is read, once per event or once
// per burst as a component does that renders once per frame. No server is involved.

import { View } from '../../src/client/view.ts';
import { decodeDown } from '../../src/protocol/down.ts';
import { payload, rowsOf } from '../lib/payload.ts';
import { noFaults } from '../client/client.ts';
import type { Measured, Run } from './scenario.ts';

const MERGE = { kind: 'crud', key: 'id', prepend: false, max: 0 } as const;

export async function merge(run: Run, { rows = 10, burst = 1 }): Promise<Measured> {
	const view = new View();
	view.load(rowsOf(rows), MERGE);
	const texts = Array.from({ length: 512 }, (_, index) => {
		const row = payload(0, 1 + Math.floor((index * rows) / 512));
		return `["event",1,${index + 1},"updated",${row}]`;
	});
	let events = 0;
	const take = (): void => {
		for (let each = 0; each < burst; each++) {
			const [message] = decodeDown(texts[events++ % texts.length] ?? '');
			if (message?.kind === 'event') view.apply(message.event, message.data);
		}
		if (view.value === undefined) throw new Error('the view lost its value');
	};
	const until = (ms: number): void => {
		for (const end = performance.now() + ms; performance.now() < end;) for (let each = 0; each < 64; each++) take();
	};
	until(run.warmMs);
	events = 0;
	const before = { cpu: process.cpuUsage(), ms: performance.now() };
	until(run.measureMs);
	const { user, system } = process.cpuUsage(before.cpu);
	const seconds = (performance.now() - before.ms) / 1e3;
	return { operations: events, seconds, cpuMicros: (user + system) / events, figures: {}, faults: noFaults() };
}
