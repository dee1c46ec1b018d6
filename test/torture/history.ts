// One history from one seed: steps of anything, then everything heals, and what was promised must hold. A seed decides what
// happens; real processes decide what comes first, so that a seed that fails may need some attempts to fail again.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { Random } from '../../src/testing/random.ts';
import { checkCalls, checkLogs, expectAgreement, expectRoster } from './agreement.ts';
import type { BackplaneKind, Defect } from './messages.ts';
import type { Service } from './services.ts';
import { Steps, TROUBLES, type Trouble } from './steps.ts';
import { World } from './world.ts';

export interface HistoryOptions {
	seed: number;
	backplane: BackplaneKind;
	service: Service;
	/** @default none */
	defect?: Defect | null;
}

export interface HistoryResult {
	seed: number;
	backplane: BackplaneKind;
	/** The first thing that went wrong; null where nothing did. */
	violation: string | null;
	log: string[];
	/** Events that clients applied, all together: a history in which nothing happens proves nothing. */
	applied: number;
	resets: number;
	kills: number;
	/** How long it took until everybody agreed, and until all knew who lives, in milliseconds; 0: was not looked at. */
	agreedMs: number;
	rosterMs: number;
	tookMs: number;
}

/** Longer than any step lasts, a process that starts again and again included. */
const RESTS_WITHIN_MS = 40_000;

export async function runHistory(options: HistoryOptions): Promise<HistoryResult> {
	const { seed, backplane, service, defect = null } = options;
	const beganMs = performance.now();
	const random = new Random(seed);
	const folder = mkdtempSync(join(tmpdir(), 'tidewire-torture-'));
	const world = new World({
		random,
		backplane,
		service,
		space: `t${seed}_${Date.now().toString(36)}`,
		database: join(folder, 'app.db'),
		events: random.pick([20, 10_000, 10_000]),
		defect
	});
	const times = { agreedMs: 0, rosterMs: 0 };
	try {
		await within(world.begin(), RESTS_WITHIN_MS, 'the processes do not start');
		await misbehave(world);
		await heal(world);
		if (world.violations.length === 0) Object.assign(times, await checkEnd(world));
	} catch (error) {
		world.violate(`the history ended with ${error instanceof Error ? error.stack : String(error)}`);
	} finally {
		await world.end();
		rmSync(folder, { recursive: true, force: true });
	}
	const readers = world.clients.flatMap(({ readers }) => readers);
	const violation = world.violations[0] ?? null;
	return {
		seed,
		backplane,
		violation,
		log: world.log,
		applied: readers.reduce((sum, { events }) => sum + events, 0),
		resets: readers.reduce((sum, { resets }) => sum + resets, 0),
		kills: world.kills,
		...times,
		tookMs: performance.now() - beganMs
	};
}

async function within(done: Promise<void>, ms: number, otherwise: string): Promise<void> {
	const late = delay(ms, 'late' as const, { ref: false });
	if ((await Promise.race([late, done])) === 'late') throw new Error(`${otherwise} within ${ms} ms`);
}

async function misbehave(world: World): Promise<void> {
	const { random } = world;
	const troubles = new Set<Trouble>(TROUBLES.filter((trouble) => random.chance(trouble === 'loss' ? 0.3 : 0.6)));
	world.note(`troubles: ${[...troubles].join(' ')}`);
	const steps = new Steps(world, troubles);
	for (let count = random.between(40, 80); count > 0 && world.violations.length === 0; count--) {
		await steps.step();
		await delay(random.pick([0, 0, 5, 20, 60, 120]));
	}
}

/** Everything is well again: what was begun comes to its end, and nothing new goes wrong. */
async function heal(world: World): Promise<void> {
	world.note('- heal');
	await within(world.settled(), RESTS_WITHIN_MS, 'processes or the service do not come to rest');
	for (const proxy of world.proxies) proxy.heal('release');
	for (const client of world.clients) client.flow();
}

async function checkEnd(world: World): Promise<{ agreedMs: number; rosterMs: number }> {
	const agreedMs = await expectAgreement(world);
	if (world.violations.length > 0) return { agreedMs, rosterMs: 0 };
	checkCalls(world);
	await checkLogs(world);
	const rosterMs = world.kills > 0 && world.random.chance(0.5) ? await expectRoster(world) : 0;
	return { agreedMs, rosterMs };
}
