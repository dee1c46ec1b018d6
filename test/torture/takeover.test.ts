// One of three processes is killed while it runs a job every second, an effect and an aggregate: another one goes on within
// ten seconds, no run and no event is lost, and none is doubled but the event whose handler ran. TIDEWIRE_RUNS says how
// often it is tried.

import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { startService } from './services.ts';
import type { BackplaneKind } from './messages.ts';
import { CHOSEN } from './settings.ts';
import type { Note, TakeoverAsk, TakeoverSettings, TakeoverState, TakeoverTell } from './takeover-process.ts';

const RUNS = Number(process.env['TIDEWIRE_RUNS'] || 1);
const TAKEOVER_MS = 10_000;
const PUBLISH_EVERY_MS = 80;
const SECOND_MS = 1_000;

class Process {
	readonly child: ChildProcess;
	readonly #journal: string;
	readonly #asks = new Map<number, PromiseWithResolvers<TakeoverState | null>>();
	#ask = 0;

	constructor(settings: TakeoverSettings) {
		this.#journal = settings.journal;
		this.child = fork(join(import.meta.dirname, 'takeover-process.ts'), [], {
			execArgv: ['--disable-warning=ExperimentalWarning']
		});
		this.child.on('message', (message: TakeoverTell) => this.#hear(message));
		this.child.on('exit', () => this.#asks.forEach(({ reject }) => reject(new Error('the process has ended'))));
		this.child.send(settings);
	}

	#hear(message: TakeoverTell): void {
		const ask = 'ask' in message ? message.ask : 0;
		if ('failed' in message) this.#asks.get(ask)?.reject(new Error(message.failed));
		else this.#asks.get(ask)?.resolve('value' in message ? message.value : null);
		this.#asks.delete(ask);
	}

	async ready(): Promise<void> {
		const ready = Promise.withResolvers<TakeoverState | null>();
		this.#asks.set(0, ready);
		await ready.promise;
	}

	#send(question: { publish: number } | { state: true }): Promise<TakeoverState | null> {
		const answer = Promise.withResolvers<TakeoverState | null>();
		const ask = ++this.#ask;
		this.#asks.set(ask, answer);
		this.child.send({ ask, ...question } satisfies TakeoverAsk, () => {});
		return answer.promise;
	}

	async publish(n: number): Promise<void> {
		await this.#send({ publish: n });
	}

	async state(): Promise<TakeoverState> {
		return (await this.#send({ state: true }))!;
	}

	/** What it has done, complete lines only: it may be killed while it writes. */
	get notes(): Note[] {
		if (!existsSync(this.#journal)) return [];
		const lines = readFileSync(this.#journal, 'utf8').split('\n').slice(0, -1);
		return lines.map((line) => JSON.parse(line) as Note);
	}

	/** The events whose handler it has begun, or finished. */
	events(kind: 'begin' | 'done'): string[] {
		return this.notes.flatMap((note) => (note.kind === kind ? [note.id] : []));
	}

	async kill(): Promise<void> {
		if (this.child.exitCode !== null || this.child.signalCode !== null) return;
		const ended = once(this.child, 'exit');
		this.child.kill('SIGKILL');
		await ended;
	}
}

async function until(what: string, isSo: () => boolean | Promise<boolean>, limitMs: number): Promise<void> {
	const endMs = performance.now() + limitMs;
	while (!(await isSo())) {
		if (performance.now() > endMs) throw new Error(`not within ${limitMs} ms: ${what}`);
		await delay(20);
	}
}

/** Publishes until it is told to end; from whichever of the processes lives. */
function publishing(processes: () => readonly Process[]): { end: () => Promise<void> } {
	const ended = new AbortController();
	const run = async (): Promise<void> => {
		for (let n = 0; !ended.signal.aborted; n++) {
			const living = processes();
			await living[n % living.length]?.publish(n).catch(() => {}); // it may have been killed
			await delay(PUBLISH_EVERY_MS);
		}
	};
	const running = run();
	return { end: () => (ended.abort(), running) };
}

/** @returns how long nobody handled anything, in milliseconds */
async function killOnce(processes: readonly Process[], run: number): Promise<number> {
	const killed = processes[0]!; // it was the first to start, so it leads
	const survivors = processes.slice(1);
	let living = processes;
	const publisher = publishing(() => living);
	await until('it has begun', () => killed.events('begin').length > 10 && ticksOf([killed]).length > 1, TAKEOVER_MS);
	await delay(7 * run); // anywhere in a handler, or between two of them
	living = survivors;
	await killed.kill();
	const killedMs = performance.now();
	await until('another one goes on', () => survivors.some((one) => one.events('begin').length > 0), TAKEOVER_MS);
	const gapMs = performance.now() - killedMs;
	const lastMs = Date.now();
	await until('the job goes on', () => Math.max(...ticksOf(survivors)) > lastMs, TAKEOVER_MS);
	await publisher.end();
	await until('all is handled', () => isAllHandled(processes, survivors[0]!), 2 * TAKEOVER_MS);
	return gapMs;
}

async function isAllHandled(processes: readonly Process[], survivor: Process): Promise<boolean> {
	const { ids, count } = await survivor.state();
	const done = new Set(processes.flatMap((one) => one.events('done')));
	return count >= ids.length && ids.every((id) => done.has(id));
}

const ticksOf = (processes: readonly Process[]): number[] =>
	processes.flatMap(({ notes }) => notes.flatMap((note) => (note.kind === 'tick' ? [note.at] : [])));

const errorsOf = (processes: readonly Process[]) =>
	processes.flatMap(({ notes }) => notes.flatMap((note) => (note.kind === 'error' ? [note] : [])));

/** No run of the job is missing that is not reported as interrupted, and none is made twice. */
function expectTicks(processes: readonly Process[]): void {
	const interrupted = errorsOf(processes).flatMap(({ name, at }) => (name === 'CronInterrupted' ? [at!] : []));
	expect(interrupted.length).toBeLessThanOrEqual(1);
	const ticks = ticksOf(processes).toSorted((one, other) => one - other);
	expect(new Set(ticks).size).toBe(ticks.length);
	const known = [...new Set([...ticks, ...interrupted])].toSorted((one, other) => one - other);
	expect(known).toEqual(known.map((_, index) => known[0]! + index * SECOND_MS));
}

/** Every event is handled, in order, and none twice but the one whose handler ran. */
async function expectEffects(killed: Process, survivors: readonly Process[]): Promise<void> {
	const { ids, count } = await survivors[0]!.state();
	expect(count).toBe(ids.length);
	const before = killed.events('begin');
	const after = survivors.flatMap((one) => one.events('begin'));
	const repeated = before.at(-1) === after[0] ? 1 : 0;
	expect([...before, ...after.slice(repeated)]).toEqual(ids);
}

async function tryOnce(backplane: BackplaneKind, port: number, run: number): Promise<number> {
	const folder = mkdtempSync(join(tmpdir(), 'tidewire-takeover-'));
	const common = { backplane, port, space: `takeover${run}`, events: 10_000, database: '', defect: null, limits: {} };
	const processes: Process[] = [];
	try {
		for (const name of ['one', 'two', 'three']) {
			const started = new Process({ ...common, name, journal: join(folder, name) });
			processes.push(started);
			await started.ready();
		}
		const gapMs = await killOnce(processes, run);
		const [killed, ...survivors] = processes;
		expectTicks(processes);
		await expectEffects(killed!, survivors);
		const others = errorsOf(processes).filter(({ name }) => name !== 'CronInterrupted');
		expect(others).toEqual([]);
		return gapMs;
	} finally {
		await Promise.all(processes.map((one) => one.kill()));
		rmSync(folder, { recursive: true, force: true });
	}
}

it.concurrent.each(CHOSEN)(
	`on %s nothing is lost and nothing is doubled when the process is killed that leads, ${RUNS} times`,
	{ timeout: 60_000 + 60_000 * RUNS },
	async (backplane) => {
		await using service = await startService(backplane);
		const gaps: number[] = [];
		for (let run = 0; run < RUNS; run++) gaps.push(await tryOnce(backplane, service.port, run));
		expect(Math.max(...gaps)).toBeLessThan(TAKEOVER_MS);
		// oxlint-disable-next-line no-console -- what a campaign measures
		console.log(`${backplane}: ${RUNS} kills, gone on after ${Math.max(...gaps).toFixed(0)} ms at most`);
	}
);
