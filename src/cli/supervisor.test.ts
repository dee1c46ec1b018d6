import { beforeEach, describe, expect, it } from 'vitest';
import { VirtualClock } from '../testing/virtual-clock.ts';
import type { Ending, Running } from './slot.ts';
import { Supervisor } from './supervisor.ts';

/** A process under the control of the test. */
class FakeWorker implements Running {
	readonly #ready = Promise.withResolvers<boolean>();
	readonly #ended = Promise.withResolvers<Ending>();
	readonly ready = this.#ready.promise;
	readonly ended = this.#ended.promise;
	readonly signals: string[] = [];
	readonly pid: number;
	isRunning = true;

	constructor(pid: number) {
		this.pid = pid;
	}

	listens(): void {
		this.#ready.resolve(true);
	}

	ends(code: number | null, signal: string | null = null): void {
		this.isRunning = false;
		this.#ready.resolve(false);
		this.#ended.resolve({ code, signal });
	}

	signal(name: string): void {
		this.signals.push(name);
	}
}

let clock: VirtualClock;
let workers: FakeWorker[];
let reports: string[];
let supervisor: Supervisor;

beforeEach(() => {
	clock = new VirtualClock();
	workers = [];
	reports = [];
	const fork = (): Running => {
		const worker = new FakeWorker(workers.length + 1);
		workers.push(worker);
		return worker;
	};
	supervisor = new Supervisor({ fork, clock, random: () => 0.5, report: (message) => reports.push(message) });
});

const running = (): number[] => workers.filter(({ isRunning }) => isRunning).map(({ pid }) => pid);

/** Every worker that is asked to listen or to end does. */
async function obey(): Promise<void> {
	for (let round = 0; round < 10; round++) {
		for (const worker of workers) {
			if (worker.signals.includes('SIGTERM') && worker.isRunning) worker.ends(0);
			worker.listens();
		}
		await clock.settle();
	}
}

async function startWith(count: number): Promise<void> {
	const started = supervisor.start(count);
	await obey();
	expect(await started).toBe(true);
}

describe('the start', () => {
	it('waits for the first worker before it makes the others', async () => {
		const started = supervisor.start(3);
		await clock.settle();
		expect(workers.length).toBe(1);
		workers[0]?.listens();
		await clock.settle();
		expect(workers.length).toBe(3);
		await obey();
		expect(await started).toBe(true);
	});

	it('fails when the first worker ends before it listens, and tries no other', async () => {
		const started = supervisor.start(3);
		workers[0]?.ends(1);
		expect(await started).toBe(false);
		await clock.advance(60_000);
		expect(workers.length).toBe(1);
	});

	it('that is interrupted by the end has not failed', async () => {
		const started = supervisor.start(3);
		const stopped = supervisor.stop();
		await obey();
		expect(await Promise.all([started, stopped])).toEqual([true, true]);
		expect(workers.length).toBe(1);
	});
});

describe('a worker that crashes', () => {
	it('is started again, later each time, and this is said', async () => {
		await startWith(2);
		for (const delayMs of [250, 500, 1000, 2000]) {
			workers.at(-1)?.ends(null, 'SIGKILL');
			await clock.settle();
			expect(reports.at(-1)).toMatch(new RegExp(`^worker \\d+ was ended by SIGKILL; .* in ${delayMs} ms$`));
			const before = workers.length;
			await clock.advance(delayMs - 1);
			expect(workers.length).toBe(before);
			await clock.advance(1);
			expect(workers.length).toBe(before + 1);
		}
	});

	it('is started soon again when it had run for long', async () => {
		await startWith(1);
		for (let crash = 0; crash < 5; crash++) {
			await clock.advance(30_000);
			workers.at(-1)?.ends(1);
			await clock.settle();
			expect(reports.at(-1)).toContain('ended with code 1; it is started again in 250 ms');
			await clock.advance(250);
			workers.at(-1)?.listens();
		}
	});

	it('is not started again when everything ends', async () => {
		await startWith(1);
		workers[0]?.ends(1);
		await clock.settle();
		expect(await supervisor.stop()).toBe(true);
		await clock.advance(60_000);
		expect(workers.length).toBe(1);
	});
});

describe('the end', () => {
	it('asks every worker to end, and waits for all of them', async () => {
		await startWith(2);
		let done = false;
		const stopped = supervisor.stop().finally(() => (done = true));
		expect(workers.map(({ signals }) => signals)).toEqual([['SIGTERM'], ['SIGTERM']]);
		workers[0]?.ends(0);
		await clock.settle();
		expect(done).toBe(false);
		workers[1]?.ends(0);
		expect(await stopped).toBe(true);
	});

	it('says which worker did not end in order', async () => {
		await startWith(2);
		const stopped = supervisor.stop();
		workers[0]?.ends(0);
		workers[1]?.ends(1);
		expect(await stopped).toBe(false);
		expect(reports).toContain('worker 2 ended with code 1');
	});

	it('can be forced', async () => {
		await startWith(2);
		void supervisor.stop();
		supervisor.kill();
		expect(workers.map(({ signals }) => signals)).toEqual([
			['SIGTERM', 'SIGKILL'],
			['SIGTERM', 'SIGKILL']
		]);
	});
});

describe('a rolling restart', () => {
	it('replaces one worker after another, each when its successor listens', async () => {
		await startWith(2);
		const restarted = supervisor.restart();
		await clock.settle();
		expect(running()).toEqual([1, 2, 3]);
		expect(workers[0]?.signals).toEqual([]);
		workers[2]?.listens();
		await clock.settle();
		expect(workers[0]?.signals).toEqual(['SIGTERM']);
		await obey();
		await restarted;
		expect(running()).toEqual([3, 4]);
		expect(reports.at(-1)).toBe('all workers were replaced');
	});

	it('leaves the old workers where a new one does not start', async () => {
		await startWith(2);
		const restarted = supervisor.restart();
		await clock.settle();
		workers[2]?.ends(1);
		await restarted;
		await clock.advance(60_000);
		expect(running()).toEqual([1, 2]);
		expect(reports.at(-1)).toBe('a new worker did not start: the old ones stay');
	});

	it('replaces also the worker that took the place of one that crashed meanwhile', async () => {
		await startWith(1);
		const restarted = supervisor.restart();
		await clock.settle();
		workers[0]?.ends(1);
		await clock.advance(250);
		expect(running()).toEqual([2, 3]);
		workers[1]?.listens();
		await obey();
		await restarted;
		expect(running()).toEqual([2]);
	});

	it('ends with everything else', async () => {
		await startWith(2);
		const restarted = supervisor.restart();
		await clock.settle();
		const stopped = supervisor.stop();
		for (const worker of workers) if (worker.signals.includes('SIGTERM')) worker.ends(0);
		await obey();
		await restarted;
		expect(await stopped).toBe(true);
		expect(running()).toEqual([]);
	});
});
