import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { EnvironmentModuleGraph, EnvironmentModuleNode } from 'vite';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Clock } from '../base/clock.ts';
import { systemClock } from '../base/clock.ts';
import { Reloader, type ReloaderParts } from './reloader.ts';

let root: string;
beforeEach(() => {
	root = mkdtempSync(join(tmpdir(), 'tidewire-reloader-'));
	mkdirSync(join(root, 'src/lib'), { recursive: true });
	mkdirSync(join(root, 'src/live'), { recursive: true });
});
afterEach(() => rmSync(root, { recursive: true }));

/** A clock whose timers run when the test says so. */
class ManualClock implements Pick<Clock, 'setTimer' | 'clearTimer'> {
	readonly #timers = new Set<() => void>();
	setTimer = (run: () => void): unknown => {
		this.#timers.add(run);
		return run;
	};
	clearTimer = (timer: unknown): void => void this.#timers.delete(timer as () => void);
	get pending(): number {
		return this.#timers.size;
	}
	elapse(): void {
		const timers = [...this.#timers];
		this.#timers.clear();
		for (const run of timers) run();
	}
}

class World {
	readonly clock = new ManualClock();
	readonly log: string[] = [];
	readonly nodes = new Map<string, EnvironmentModuleNode>();
	readonly failing = new Set<string>();
	started = true;
	readonly reloader: Reloader;

	constructor() {
		const graph = {
			onFileChange: (file: string) => this.log.push(`invalidate ${this.#short(file)}`),
			getModulesByFile: (file: string) => {
				const node = this.nodes.get(file);
				return node && new Set([node]);
			}
		} as unknown as EnvironmentModuleGraph;
		const parts: ReloaderParts = {
			app: { tree: { root, src: join(root, 'src') } },
			environment: {
				moduleGraph: graph,
				runner: {
					import: (file: string) => this.#import(file)
				} as unknown as ReloaderParts['environment']['runner']
			},
			door: {
				start: () => Promise.resolve(),
				attach: () => undefined,
				isStarted: () => this.started,
				moduleChanged: (id) => this.log.push(`changed ${id}`),
				moduleRemoved: (id) => this.log.push(`removed ${id}`),
				configChanged: (config) => this.log.push(`config ${String(config)}`)
			},
			logger: { info: (text) => this.log.push(text), error: (text) => this.log.push(text.split('\n')[0] ?? '') },
			clock: { ...systemClock, setTimer: this.clock.setTimer, clearTimer: this.clock.clearTimer }
		};
		this.reloader = new Reloader(parts);
	}

	#import(file: string): Promise<unknown> {
		this.log.push(`run ${this.#short(file)}`);
		return this.failing.has(file) ? Promise.reject(new Error('syntax')) : Promise.resolve({ default: 'new' });
	}

	#short(file: string): string {
		return file.slice(root.length + 1);
	}

	file(path: string, ...importers: string[]): string {
		const file = join(root, path);
		writeFileSync(file, '');
		const nodes = importers.map((importer) => this.nodes.get(join(root, importer)));
		this.nodes.set(file, { file, importers: new Set(nodes) } as unknown as EnvironmentModuleNode);
		return file;
	}

	async change(...files: string[]): Promise<string[]> {
		this.log.length = 0;
		for (const file of files) this.reloader.changed(file);
		this.clock.elapse();
		await this.reloader.settled();
		return this.log.filter((line) => !line.startsWith('invalidate'));
	}
}

describe('a change of', () => {
	test('a live module runs it anew and refreshes it', async () => {
		const world = new World();
		const board = world.file('src/lib/board.live.ts');
		expect(await world.change(board)).toEqual([
			'run src/lib/board.live.ts',
			'changed lib/board',
			'tidewire: reloaded src/lib/board.live.ts'
		]);
	});

	test('what live modules import, directly or not, runs each of them anew', async () => {
		const world = new World();
		world.file('src/lib/board.live.ts');
		world.file('src/live/chat.ts');
		world.file('src/lib/store.ts', 'src/lib/board.live.ts', 'src/live/chat.ts');
		const database = world.file('src/lib/database.ts', 'src/lib/store.ts');
		const done = (await world.change(database)).filter((line) => line.startsWith('changed'));
		expect(done.toSorted()).toEqual(['changed chat', 'changed lib/board']);
	});

	test('anything else does nothing', async () => {
		const world = new World();
		expect(await world.change(world.file('src/lib/other.ts'))).toEqual([]);
	});

	test('the configuration hands out the new one', async () => {
		const world = new World();
		expect(await world.change(world.file('src/hooks.live.ts'))).toContain('config new');
	});

	test('many files at once runs each module once', async () => {
		const world = new World();
		const board = world.file('src/lib/board.live.ts');
		const store = world.file('src/lib/store.ts', 'src/lib/board.live.ts');
		expect((await world.change(board, store, board)).filter((line) => line.startsWith('run'))).toHaveLength(1);
	});

	test('a file before anything was loaded only makes it stale', async () => {
		const world = new World();
		world.started = false;
		expect(await world.change(world.file('src/lib/board.live.ts'))).toEqual([]);
		expect(world.log).toEqual(['invalidate src/lib/board.live.ts']);
	});
});

test('a module that does not run is not refreshed, and the next edit may succeed', async () => {
	const world = new World();
	const board = world.file('src/lib/board.live.ts');
	world.failing.add(board);
	expect(await world.change(board)).toEqual([
		'run src/lib/board.live.ts',
		'tidewire: src/lib/board.live.ts was not reloaded, its former version stays in use'
	]);
	world.failing.clear();
	expect(await world.change(board)).toContain('changed lib/board');
});

test('a module that is removed is forgotten, and one that is added is loaded', async () => {
	const world = new World();
	const removed = join(root, 'src/live/gone.ts');
	expect(await world.change(removed)).toEqual(['removed gone', 'tidewire: removed src/live/gone.ts']);
	const added = join(root, 'src/live/new.ts');
	writeFileSync(added, '');
	expect(await world.change(added)).toEqual([
		'run src/live/new.ts',
		'changed new',
		'tidewire: reloaded src/live/new.ts'
	]);
});

test('a module that the browser could not import is explained and not loaded', async () => {
	const world = new World();
	mkdirSync(join(root, 'src/lib/server'));
	const lines = await world.change(world.file('src/lib/server/x.live.ts'));
	expect(lines[0]).toMatch(/^tidewire: src\/lib\/server\/x\.live\.ts is a live module whose path/);
	expect(lines).toHaveLength(1);
});

test('changes that come while a timer runs wait for one timer', () => {
	const world = new World();
	const board = world.file('src/lib/board.live.ts');
	world.reloader.changed(board);
	world.reloader.changed(board);
	expect(world.clock.pending).toBe(1);
});
