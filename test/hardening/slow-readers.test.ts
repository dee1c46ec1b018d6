// Readers that never read beside healthy ones: what they cost is bounded, and the others hardly notice them.
import { describe, expect, it } from 'vitest';
import { decodeDown, type DownMessage } from '../../src/protocol/down.ts';
import { connectRaw, type WsClient } from '../support/ws-client.ts';
import { startReaders, startServerProcess, type ServerProcess } from './processes.ts';
import type { Latencies, Publish } from './protocol.ts';
import { untilSteady } from './steady.ts';

const READERS = 200;
/** As many are published to measure how long they take. */
const EVENTS = 250;
const MIB = 1024 * 1024;
/** What the queue may hold above its bound: the one answer that did not fit. */
const SLACK = 64 * 1024;

const FLOOD = { count: 200, bytes: 16_000, everyMs: 2 };

/** Other work on the machine shows in some rounds: there are more of them until it does not. */
const ROUNDS = { least: 3, most: 6 };

/** Where rounds of the same kind differ more than this, the machine is busy with something else: then the p99 is its. */
const NOISE = 4;

describe('200 readers that never read', () => {
	it(
		'cost a MiB each at most, and the 200 healthy ones beside them notice little',
		{ timeout: 120_000 },
		async () => {
			// Silence would end them: they shall stay.
			await using server = await startServerProcess({ limits: { heartbeatMs: 60_000 } });
			await using healthy = await startReaders({ url: server.url, readers: READERS });
			const measure = async (everyMs = 8): Promise<Latencies> => {
				const latencies = healthy.ask({ events: READERS * EVENTS });
				await publish(server, 'load', { count: EVENTS, bytes: 200, everyMs });
				return await latencies;
			};
			await measure(4); // warm up

			const baseline: Latencies[] = [];
			const loaded: Latencies[] = [];
			const { rss: before } = await server.ask({ kind: 'stats' });
			let peak = 0;
			let grown = 0;
			const isCalm = (): boolean => quietest(loaded, 'p99') < 2 * quietest(baseline, 'p99');
			for (let round = 0; round < ROUNDS.least || (round < ROUNDS.most && !isCalm()); round++) {
				baseline.push(await measure());
				const slow = await connectSlow(server);
				peak = Math.max(peak, await fill(server));
				await untilSteady(server.url, () => bytesQueued(server));
				loaded.push(await measure());
				const { peakQueued, rss } = await server.ask({ kind: 'stats' });
				peak = Math.max(peak, peakQueued);
				grown = Math.max(grown, rss - before);
				for (const client of slow) client.vanish();
				const left = async (): Promise<number> => (await server.ask({ kind: 'stats' })).queued.length;
				await expect.poll(left, { timeout: 10_000 }).toBe(READERS);
			}

			const figures = {
				p99Ms: { baseline: baseline.map(({ p99 }) => round(p99)), loaded: loaded.map(({ p99 }) => round(p99)) },
				p50Ms: { baseline: baseline.map(({ p50 }) => round(p50)), loaded: loaded.map(({ p50 }) => round(p50)) },
				peakQueuedKiB: Math.round(peak / 1024),
				grownMiB: Math.round(grown / MIB)
			};
			process.stdout.write(`${JSON.stringify(figures)}\n`);
			expect(Math.max(...[...baseline, ...loaded].map(({ gaps }) => gaps))).toBe(0);
			expect(baseline[0]!.count).toBe(READERS * EVENTS);
			expect(peak).toBeGreaterThan(0.9 * MIB); // or nobody was slow
			expect(peak).toBeLessThanOrEqual(MIB + SLACK);
			expect(grown).toBeLessThan(READERS * 2 * MIB);
			const isNoisy = Math.max(...baseline.map(({ p99 }) => p99)) > NOISE * quietest(baseline, 'p99');
			const measured = isNoisy ? 'p50' : 'p99';
			expect(quietest(loaded, measured), measured).toBeLessThan(2 * quietest(baseline, measured));
		}
	);

	it.each([
		['the log still has what they missed', 10_000, 'resumed'],
		['the log has forgotten what they missed', 100, 'snapshot']
	])('converge when they read again, where %s', async (...[, history, answer]) => {
		await using server = await startServerProcess({ history, limits: { heartbeatMs: 60_000 } });
		const slow = await connectSlow(server, 20);
		await publish(server, 'load', { count: 4_000, bytes: 2_000, everyMs: 0.5 });
		for (const client of slow) client.startReading();
		const readings = await Promise.all(slow.map((client) => readOn(client, 4_000)));
		await publish(server, 'load', { count: 1, bytes: 1, everyMs: 0 });
		await Promise.all(slow.map((client, index) => readOn(client, 4_001, readings[index])));
		for (const reading of readings) {
			expect(reading.gaps).toEqual([]);
			expect(reading.last).toBe(4_001);
			expect(reading.answers.at(-1)).toBe(answer);
			expect(reading.answers.includes('reset')).toBe(answer === 'snapshot');
		}
		for (const client of slow) client.vanish();
	});
});

type Events = Omit<Publish, 'kind' | 'topic'>;

async function publish(server: ServerProcess, topic: Publish['topic'], events: Events): Promise<void> {
	await server.ask({ kind: 'publish', topic, ...events });
}

async function connectSlow(server: ServerProcess, count = READERS): Promise<WsClient[]> {
	const connecting = Array.from({ length: count }, async (_, index) => {
		const client = await connectRaw(server.url, { headers: { cookie: `user=slow${index}` } });
		client.send('["hello",1]\n["subscribe",1,"lib/load/events",null,[]]\n["subscribe",2,"lib/load/flood",null,[]]');
		for (let snapshots = 0; snapshots < 2;) {
			snapshots += String(await client.next()).split('["snapshot"').length - 1;
		}
		client.stopReading();
		return client;
	});
	return await Promise.all(connecting);
}

interface Reading {
	last: number;
	/** Offsets that did not follow the one before, without a word about it. */
	gaps: number[];
	/** What the server said besides events. */
	answers: string[];
}

const startReading = (): Reading => ({ last: 0, gaps: [], answers: [] });

/** Reads as a client does: ignores what it has, and follows `resumed`, `reset` and `snapshot`. */
async function readOn(client: WsClient, until: number, reading = startReading()): Promise<Reading> {
	while (reading.last < until) {
		for (const message of decodeDown(String(await client.next()))) hear(reading, message);
	}
	return reading;
}

function hear(reading: Reading, message: DownMessage): void {
	if (message.kind === 'heartbeat') return;
	if (message.kind === 'event') return follow(reading, message.offset);
	reading.answers.push(message.kind);
	if (message.kind === 'snapshot' || message.kind === 'resumed') {
		const { offset } = message.position!;
		if (message.kind === 'snapshot') reading.last = Math.max(reading.last, offset);
		else if (offset > reading.last) reading.gaps.push(offset);
		for (const event of message.events) follow(reading, event.offset);
	}
}

function follow(reading: Reading, offset: number): void {
	if (offset <= reading.last) return;
	if (offset > reading.last + 1) reading.gaps.push(offset);
	reading.last = offset;
}

/** Of the quietest round: other work on the machine only ever adds. */
const quietest = (rounds: Latencies[], part: 'p50' | 'p99'): number => Math.min(...rounds.map((one) => one[part]));

const round = (ms: number): number => Math.round(ms * 10) / 10;

/** Publishes until kernels take no more and a queue has reached its bound, then once more. Returns the longest queue. */
async function fill(server: ServerProcess): Promise<number> {
	let peak = 0;
	for (let rest = 20; rest > 0; rest--) {
		await publish(server, 'flood', FLOOD);
		const { peakQueued } = await server.ask({ kind: 'stats' });
		if (peakQueued > 0.9 * MIB && peak <= 0.9 * MIB) rest = Math.min(rest, 2);
		peak = Math.max(peak, peakQueued);
	}
	return peak;
}

/** What waits for all connections. */
async function bytesQueued(server: ServerProcess): Promise<number> {
	const { queued } = await server.ask({ kind: 'stats' });
	return queued.reduce((sum, bytes) => sum + bytes, 0);
}
