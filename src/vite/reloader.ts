// Replaces live modules while the development server runs. Invariant: a module that does not load leaves its former
// version in use, and no socket closes.

import { existsSync } from 'node:fs';
import type { EnvironmentModuleGraph, EnvironmentModuleNode, Logger, RunnableDevEnvironment } from 'vite';
import { systemClock, type Clock, type Timer } from '../base/clock.ts';
import type { App } from './app.ts';
import { cleanId, displayName, isConfigFile, moduleIdOf, serverOnlyProblem } from './module-id.ts';
import type { ServerDoor } from './server-door.ts';

export interface ReloaderParts {
	app: Pick<App, 'tree'>;
	environment: Pick<RunnableDevEnvironment, 'runner' | 'moduleGraph'>;
	door: ServerDoor;
	logger: Pick<Logger, 'info' | 'error'>;
	clock?: Clock;
}

/** Editors and version control change several files at once, and some remove a file before they write it anew. */
const SETTLE_MS = 50;

export class Reloader {
	readonly #parts: ReloaderParts;
	readonly #clock: Clock;
	readonly #changed = new Set<string>();
	#timer: Timer | undefined;
	#running: Promise<void> = Promise.resolve();

	constructor(parts: ReloaderParts) {
		this.#parts = parts;
		this.#clock = parts.clock ?? systemClock;
	}

	/** A file was added, changed or removed. */
	changed(file: string): void {
		this.#changed.add(cleanId(file));
		if (this.#timer !== undefined) this.#clock.clearTimer(this.#timer);
		this.#timer = this.#clock.setTimer(() => {
			this.#timer = undefined;
			const files = [...this.#changed];
			this.#changed.clear();
			// One after another: two loads of one module at a time would end in any order.
			this.#running = this.#running.then(() => this.#apply(files));
		}, SETTLE_MS);
	}

	/** Resolves when everything that was begun is done. */
	settled(): Promise<void> {
		return this.#running;
	}

	async #apply(files: string[]): Promise<void> {
		const { moduleGraph } = this.#parts.environment;
		for (const file of files) moduleGraph.onFileChange(file);
		// Nothing was loaded yet: the first request loads what is there then.
		if (!this.#parts.door.isStarted()) return;
		for (const file of this.#affected(files)) await this.#replace(file);
	}

	/** The live modules and the configuration among the files and everything that imports them. */
	#affected(files: string[]): Set<string> {
		const { tree } = this.#parts.app;
		const isOurs = (file: string): boolean => moduleIdOf(file, tree) !== null || isConfigFile(file, tree);
		const reached = importersOf(files, this.#parts.environment.moduleGraph);
		return new Set([...files, ...reached].filter(isOurs));
	}

	async #replace(file: string): Promise<void> {
		const { app, door, environment, logger } = this.#parts;
		const name = displayName(file, app.tree);
		const moduleId = moduleIdOf(file, app.tree);
		const problem = moduleId === null ? null : serverOnlyProblem(file, app.tree);
		if (problem !== null) return logger.error(`tidewire: ${problem}`, { timestamp: true });
		try {
			if (!existsSync(file)) {
				if (moduleId !== null) door.moduleRemoved(moduleId);
				return logger.info(`tidewire: removed ${name}`, { timestamp: true });
			}
			const exports = await environment.runner.import<{ default?: unknown }>(file);
			if (moduleId === null) door.configChanged(exports.default);
			else door.moduleChanged(moduleId);
			logger.info(`tidewire: reloaded ${name}`, { timestamp: true });
		} catch (error) {
			const reason = error instanceof Error ? (error.stack ?? error.message) : String(error);
			logger.error(`tidewire: ${name} was not reloaded, its former version stays in use\n${reason}`, {
				timestamp: true
			});
		}
	}
}

/** The files of all modules that import one of these, directly or by way of others. */
function importersOf(files: string[], graph: EnvironmentModuleGraph): Set<string> {
	const seen = new Set<EnvironmentModuleNode>();
	const queue = files.flatMap((file) => [...(graph.getModulesByFile(file) ?? [])]);
	for (let node = queue.pop(); node; node = queue.pop()) {
		if (seen.has(node)) continue;
		seen.add(node);
		queue.push(...node.importers);
	}
	return new Set([...seen].flatMap(({ file }) => (file === null ? [] : [cleanId(file)])));
}
