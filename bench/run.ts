// `npm run bench`: every case once and the core ones again while there is time, within five minutes. `npm run bench:full`:
// longer, several rounds. `-- CASE…` or `-- SERVER…` select. Writes RESULTS.md, unless only a part was selected.

import { writeFileSync } from 'node:fs';
import { CASES, type Case } from './cases.ts';
import { report } from './lib/report.ts';
import { Results } from './lib/results.ts';
import { runCase, type Times } from './lib/run-case.ts';
import { MISSING, SERVERS, TRANSPORTS, type Server } from './servers.ts';

interface Plan {
	times: Times;
	rounds: number;
	/** No case is begun after this. */
	limitMs: number;
}

const QUICK: Plan = { times: { warmMs: 400, measureMs: 800 }, rounds: 3, limitMs: 285_000 };
const FULL: Plan = { times: { warmMs: 1_000, measureMs: 2_000 }, rounds: 5, limitMs: 2_400_000 };

const words = process.argv.slice(2);
const isFull = words.includes('--full');
const plan = isFull ? FULL : QUICK;
const servers = [...SERVERS, ...TRANSPORTS.filter(({ name }) => words.includes(name))];
const startedMs = performance.now();
const results = new Results();

const selects = (name: string, among: readonly { name: string }[]): boolean =>
	words.includes(name) || !among.some((other) => words.includes(other.name));

function isPlanned(each: Case, server: Server, round: number): boolean {
	if (!selects(each.name, CASES) || !selects(server.name, servers)) return false;
	if (!isFull && (each.fullOnly === true || (round > 0 && each.core !== true))) return false;
	return each.only?.includes(server.name) ?? true;
}

async function measureOne(each: Case, server: Server): Promise<void> {
	try {
		const measured = await runCase(each, server, plan.times);
		results.add(each.name, server.name, measured);
		console.log(each.name, server.name, measured.cpuMicros.toPrecision(3), 'µs', JSON.stringify(measured.figures));
	} catch (error) {
		results.failures.push(`${each.title}, ${server.name}: ${String(error)}`);
		console.log(each.name, server.name, String(error));
	}
}

/** Servers take turns within a case, so that whatever else the machine does meets all of them. */
async function measureRound(round: number): Promise<void> {
	for (const each of CASES) {
		for (const server of servers.filter((server) => isPlanned(each, server, round))) {
			if (performance.now() - startedMs < plan.limitMs) await measureOne(each, server);
		}
	}
}

for (let round = 0; round < plan.rounds; round++) await measureRound(round);

const text = report({
	results,
	servers,
	missing: MISSING,
	command: isFull ? 'npm run bench:full' : 'npm run bench',
	seconds: (performance.now() - startedMs) / 1e3
});
const isWhole = words.every((word) => word === '--full');
if (isWhole) writeFileSync(new URL('RESULTS.md', import.meta.url), text);
console.log(`\n${text}`);
