// One history from one seed: two hundred steps of anything, then everything heals, and what was promised must hold.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Random } from '../../src/testing/random.ts';
import { PageSteps } from './pages/page-steps.ts';
import { runPeople } from './people/people-history.ts';
import { Steps } from './steps.ts';
import { World, USERS, type Mode, type Weather } from './world.ts';

export interface HistoryOptions {
	seed: number;
	steps: number;
	/** Whether to write down what happens: slow, for a seed that failed. */
	log?: boolean;
	/** @default by the seed */
	subject?: Subject;
	/** @default by the seed */
	mode?: Mode;
}

/**
 * streams: what is loaded, published and shown · pages: the same, with lists in pages among it ·
 * people: who is here, who has a place, and what takes effect once
 */
export type Subject = 'streams' | 'pages' | 'people';

export interface HistoryResult {
	seed: number;
	subject: Subject;
	mode: Mode;
	/** The first thing that went wrong; null where nothing did. */
	violation: string | null;
	log: string[];
	/** Events that clients applied: a history in which nothing happens proves nothing. */
	committed: number;
}

const HEARTBEAT_MS = 15_000;
/** So that of ten thousand histories a thousand run in each way at least. */
const MODES: readonly Mode[] = ['memory', 'memory', 'cluster', 'cluster', 'workers', 'workers', 'sqlite'];
/** Several processes: alone everything about people is simple. */
const SPREAD: readonly Mode[] = ['cluster', 'workers'];

/** Three of ten are about people; of the rest, a quarter with pages. It does not depend on what the seed leads to. */
function subjectOf(seed: number): Subject {
	if (seed % 10 < 3) return 'people';
	return seed % 4 === 0 ? 'pages' : 'streams';
}

export async function runHistory({ seed, steps, log, ...forced }: HistoryOptions): Promise<HistoryResult> {
	const lines: string[] = [];
	const random = new Random(seed);
	const drawn = random.pick(MODES);
	const subject = forced.subject ?? subjectOf(seed);
	const mode = forced.mode ?? (subject === 'people' ? random.pick(SPREAD) : drawn);
	const folder = mode === 'sqlite' ? mkdtempSync(join(tmpdir(), 'tidewire-simulator-')) : '';
	const world = new World({
		random,
		mode,
		weather: someWeather(random),
		file: join(folder, 'live.db'),
		queueBytes: random.pick([1_000, 4_000, 30_000, 1_000_000]),
		windowBytes: random.pick([500, 5_000, 65_536]),
		logEvents: random.pick([5, 50, 4_096]),
		note: (text) => log && lines.push(text())
	});
	try {
		await (subject === 'people' ? runPeople(world, steps / 2) : run(world, steps, subject === 'pages'));
	} catch (error) {
		world.violate(`the history ended with ${error instanceof Error ? error.stack : String(error)}`);
	} finally {
		if (folder) rmSync(folder, { recursive: true, force: true });
	}
	const committed = [...world.database.log.values()].reduce((sum, entries) => sum + entries.length, 0);
	return { seed, subject, mode, violation: world.violations[0] ?? null, log: lines, committed };
}

function someWeather(random: Random): Weather {
	const rough = random.chance(0.8);
	return {
		maxLatencyMs: random.pick([0, 5, 40]),
		pauses: random.pick([0, 0.3, 0.8]),
		maxPauseMs: random.pick([1, 20, 200]),
		failingLoads: rough ? random.pick([0, 0.05]) : 0,
		cluster: {
			lose: rough ? random.pick([0, 0.05, 0.3]) : 0,
			repeat: rough ? random.pick([0, 0.1]) : 0,
			failRead: rough ? random.pick([0, 0.05]) : 0,
			maxDelayMs: random.pick([0, 3, 30])
		}
	};
}

async function run(world: World, count: number, inPages: boolean): Promise<void> {
	const { random } = world;
	const steps = new Steps(world);
	const pages = inPages ? new PageSteps(world, steps) : null;
	await world.startProcess();
	if (world.isSpread) await world.startProcess();
	for (let index = random.between(2, 4); index > 0; index--) world.addClient(random.pick(USERS));
	for (let index = 0; index < count && world.violations.length === 0; index++) {
		await (pages ?? steps).step();
		await world.clock.advance(random.pick([0, 0, 1, 2, 5, 20, 100]));
		for (const client of world.clients) for (const watch of client.watches.values()) watch.check();
	}
	if (world.violations.length > 0) return;
	await heal(world, steps);
	if (world.violations.length > 0) return;
	checkAgreement(world, steps);
	await pages?.loadAll();
	await leaveAll(world);
}

/** The network and the processes are well again, and time passes until everybody must know everything. */
async function heal(world: World, steps: Steps): Promise<void> {
	const { weather } = world.options;
	world.note(() => '- heal');
	world.healed = true;
	weather.failingLoads = 0;
	Object.assign(weather.cluster, { lose: 0, repeat: 0, failRead: 0 });
	steps.takeAllBack();
	steps.flow();
	steps.online();
	steps.pardon();
	// A dead connection is found after two heartbeats, the next attempt follows within its backoff.
	await world.clock.advance(5 * HEARTBEAT_MS);
	for (const client of world.clients) {
		if (client.client.status.state === 'refused') client.client.reconnect();
		for (const watch of client.watches.values()) if (watch.isOpen && watch.stream.state.error) void watch.refresh();
	}
	await world.clock.advance(3 * HEARTBEAT_MS);
	for (const client of world.clients) for (const watch of client.watches.values()) watch.check();
}

function checkAgreement(world: World, steps: Steps): void {
	for (const { id, path, outcome } of steps.calls) {
		const effects = world.database.effects.get(id) ?? 0;
		if (outcome === 'pending') world.violate(`${path} ${id} was never answered`);
		if (effects > 1) world.violate(`${path} ${id} took effect ${effects} times`);
	}
	for (const client of world.clients) {
		for (const watch of client.watches.values()) if (watch.isOpen) watch.checkFinal();
	}
}

/** Nothing is left when everybody has gone. */
async function leaveAll(world: World): Promise<void> {
	for (const client of world.clients) for (const watch of client.watches.values()) watch.close();
	await world.clock.advance(3_000);
	for (const { server, name } of world.processes) {
		if (server.topicCount > 0) world.violate(`${name}: ${server.topicCount} topics are read by nobody`);
	}
	for (const { client } of world.clients) client.close();
	await world.clock.advance(3_000);
	for (const client of world.clients) {
		if (client.clock.pending > 0) world.violate(`${client.name}: ${client.clock.pending} timers after close`);
	}
	for (const { server, name } of world.processes) {
		if (server.connections.size > 0)
			world.violate(`${name}: ${server.connections.size} connections after all closed`);
	}
	while (world.processes.length > 0) await world.processes[0]?.leave();
}
