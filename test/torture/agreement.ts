// What has to hold when everything has healed: every client shows what the database has and stands where the log ends, every
// process knows the same, and nothing that was acknowledged is missing. It takes a moment, so it is looked for again and again.

import { setTimeout as delay } from 'node:timers/promises';
import type { Position } from '../../src/protocol/position.ts';
import { ROOMS, type TortureClient } from './client.ts';
import { MISSED_WITHIN_MS } from './limits.ts';
import { show, type Reader } from './reader.ts';
import type { World } from './world.ts';

const TOPICS = ['room/red', 'room/blue', 'feed'];
const WITHIN_MS = 30_000;
const LOOK_EVERY_MS = 50;
/** After which what was stored without being published is published again. */
const REPAIR_EVERY_MS = 4_000;

/**
 * Waits until everybody agrees. Then one more event is published on each topic, and everybody has to agree again: whoever
 * took another log for its own does not. Returns after how many milliseconds they agreed first.
 */
export async function expectAgreement(world: World): Promise<number> {
	const agreedMs = await expectWithin(world, sameOffset);
	if (world.violations.length > 0) return agreedMs;
	await Promise.all(TOPICS.map((topic) => world.running[0]!.ask({ kind: 'mark', topic })));
	await expectWithin(world, samePlace);
	return agreedMs;
}

/** Whether a client stands where a log ends. */
type Compare = (position: Position | null, head: Position) => boolean;

/** A log that goes on in another epoch is not told to a client until its next event. */
const sameOffset: Compare = (position, head) => position?.offset === head.offset;
const samePlace: Compare = (position, head) => show(position) === show(head);

async function expectWithin(world: World, compare: Compare): Promise<number> {
	const beganMs = performance.now();
	const elapsedMs = (): number => performance.now() - beganMs;
	let repairMs = 0;
	for (;;) {
		if (elapsedMs() >= repairMs) {
			await repairUnknown(world);
			repairMs = elapsedMs() + REPAIR_EVERY_MS;
		}
		const problem = await firstProblem(world, compare);
		if (problem === null || world.violations.length > 0) return elapsedMs();
		if (elapsedMs() > WITHIN_MS) {
			world.violate(`after ${WITHIN_MS} ms: ${problem}`);
			return elapsedMs();
		}
		await delay(LOOK_EVERY_MS);
	}
}

/** What a process stored before it was killed, and did not come to publish, is the application's to publish. */
async function repairUnknown({ calls, running }: World): Promise<void> {
	const unknown = calls.filter(({ kind, outcome }) => kind !== 'say' && outcome === 'failed').map(({ id }) => id);
	if (unknown.length > 0) await running[0]?.ask({ kind: 'repair', calls: unknown }).catch(() => {});
}

async function firstProblem(world: World, compare: Compare): Promise<string | null> {
	const pending = world.calls.find(({ outcome }) => outcome === 'pending');
	if (pending) return `${pending.kind} ${pending.id} was not answered`;
	try {
		const heads = await agreedHeads(world);
		if (typeof heads === 'string') return heads;
		for (const client of world.clients) {
			const problem = problemOf(world, client, (reader) => compare(reader.position, heads.get(reader.topic)!));
			if (problem !== null) return problem;
		}
		return null;
	} catch (error) {
		return String(error);
	}
}

/** Where each topic ends; where processes disagree, what about. */
async function agreedHeads(world: World): Promise<Map<string, Position> | string> {
	const heads = new Map<string, Position>();
	if (world.running.length < world.servers.length) return 'a process does not run';
	for (const topic of TOPICS) {
		const all = await Promise.all(world.running.map((server) => server.ask({ kind: 'head', topic })));
		const different = new Set(all.map(show));
		if (different.size > 1) return `${topic} ends at ${[...different].join(' and ')}`;
		heads.set(topic, all[0]!);
	}
	return heads;
}

function problemOf(world: World, client: TortureClient, isThere: (reader: Reader) => boolean): string | null {
	if (world.isDenied(client.user, 'connect')) {
		return client.isRefused ? null : `${client.name} is ${client.client.status.state}, not refused`;
	}
	for (const reader of client.readers) {
		const problem = problemOfReader(world, client, reader);
		if (problem !== null) return problem;
		if (!isRefused(world, client, reader) && !isThere(reader)) {
			return `${reader.label} stands at ${show(reader.position)}, not where the log ends`;
		}
	}
	return null;
}

const isRefused = ({ database }: World, { user }: TortureClient, { topic }: Reader): boolean =>
	database.isDenied(user, topic.replace('room/', ''));

function problemOfReader(world: World, client: TortureClient, reader: Reader): string | null {
	const { connected, error } = reader.stream.state;
	if (isRefused(world, client, reader)) {
		return error?.code === 'FORBIDDEN' && !connected ? null : `${reader.label} was not refused`;
	}
	if (!connected || error) return `${reader.label} is not current: ${error?.message ?? client.client.status.state}`;
	const room = ROOMS.find((name) => reader.topic === `room/${name}`);
	return room === undefined ? null : differenceOf(reader, world.database.rows(room));
}

function differenceOf(reader: Reader, stored: readonly { id: string; text: string }[]): string | null {
	const shown = reader.rows;
	if (shown === null) return `${reader.label} shows nothing`;
	const missing = stored.find(({ id, text }) => shown.get(id) !== text);
	if (missing) return `${reader.label} at ${show(reader.position)} misses ${missing.id}`;
	const ids = new Set(stored.map(({ id }) => id));
	const extra = [...shown.keys()].find((id) => !ids.has(id));
	return extra === undefined ? null : `${reader.label} at ${show(reader.position)} shows ${extra}, which was removed`;
}

/** Every call took effect once at most, and exactly once where it was acknowledged. */
export function checkCalls(world: World): void {
	for (const { id, kind, outcome } of world.calls) {
		if (kind === 'say') continue;
		const times = world.database.effect(id)?.times ?? 0;
		if (times > 1) world.violate(`${kind} ${id} took effect ${times} times`);
		if (times === 0 && outcome === 'acknowledged') world.violate(`${kind} ${id} was acknowledged without effect`);
	}
}

/** The logs have what was acknowledged and what clients have seen, without holes and nothing twice. */
export async function checkLogs(world: World): Promise<void> {
	for (const topic of TOPICS) {
		const head = await world.running[0]!.ask({ kind: 'head', topic });
		for (const event of world.witness.acknowledged) {
			if (event.topic === topic && event.epoch === head.epoch && event.offset > head.offset)
				world.violate(`${topic} ends at ${show(head)} and has lost the acknowledged ${event.offset}`);
		}
		await checkLog(world, topic, head);
	}
	world.witness.checkCarried();
}

async function checkLog(world: World, topic: string, head: Position): Promise<void> {
	// The beginning of a bounded log is gone.
	for (const after of [0, Math.max(0, head.offset - world.options.events)]) {
		const position = { epoch: head.epoch, offset: after };
		const result = await world.running[0]!.ask({ kind: 'log', topic, position });
		if (result.kind === 'reset') continue;
		for (const [index, { offset, body }] of result.entries.entries()) {
			if (offset !== after + index + 1) world.violate(`${topic} has ${offset} in place ${after + index + 1}`);
			world.witness.see({ topic, epoch: head.epoch, offset, body }, 'the log');
		}
		if (after + result.entries.length === head.offset) return;
		return world.violate(`${topic} has ${result.entries.length} events between ${after} and ${show(head)}`);
	}
	world.violate(`${topic} has less than ${world.options.events} events at ${show(head)}`);
}

/** All processes know who lives, soon after the last one was killed. Returns how long it took, in milliseconds. */
export async function expectRoster(world: World): Promise<number> {
	const alive = world.running.map(({ name }) => name).toSorted();
	const known = new Set(world.names);
	for (;;) {
		const seen = await Promise.all(world.running.map((server) => server.ask({ kind: 'living' })));
		const wrong = seen.find(
			(living) =>
				living
					.filter((name) => known.has(name))
					.toSorted()
					.join() !== alive.join()
		);
		const elapsedMs = performance.now() - world.disturbedMs;
		if (wrong === undefined) return elapsedMs;
		if (elapsedMs > MISSED_WITHIN_MS) {
			await noteRosters(world);
			world.violate(
				`after ${elapsedMs.toFixed(0)} ms ${wrong.join(' ')} are said to live, and ${alive.join(' ')} do`
			);
			return elapsedMs;
		}
		await delay(LOOK_EVERY_MS);
	}
}

/** Whether it is the processes that are behind, or what they share. */
async function noteRosters(world: World): Promise<void> {
	for (const server of world.running) {
		const living = await server.ask({ kind: 'living' });
		const late = delay(MISSED_WITHIN_MS, ['no answer'], { ref: false });
		const members = await Promise.race([server.ask({ kind: 'members' }), late]).catch((error: unknown) => [
			String(error)
		]);
		world.note(`${server.name} believes ${living.toSorted().join(' ')}; shared: ${members.toSorted().join(' ')}`);
	}
}
