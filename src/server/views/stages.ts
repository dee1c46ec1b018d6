// Runs rows through the stages of a view. A row for which a function of the application throws is left out and the error
// reported: what cannot be judged is not shown.

import { assertNever } from '../../base/assert.ts';
import type { Clock } from '../../base/clock.ts';
import { isPromise, whenDone, type MaybePromise } from '../../base/maybe-promise.ts';
import type { LiveContext } from '../context.ts';
import { JoinCache } from './join-cache.ts';
import type { Stage, Transform } from './view.ts';

/** Stands for a row that is not shown. */
export const LEFT_OUT = Symbol('left out');

export interface StagesParts {
	readonly context: LiveContext;
	readonly clock: Clock;
	/** The field that identifies a row; every row keeps it. */
	readonly key: string;
	/** How long a lookup may take, in milliseconds. */
	readonly timeoutMs: number;
	/** The most lookups that are remembered. */
	readonly maxRemembered: number;
	readonly onError: (error: unknown) => void;
}

type RunStage = (rows: readonly unknown[]) => MaybePromise<unknown[]>;

export class Stages {
	readonly #parts: StagesParts;
	readonly #caches: JoinCache[] = [];
	readonly #stages: readonly RunStage[];

	constructor(stages: readonly Stage[], parts: StagesParts) {
		this.#parts = parts;
		this.#stages = stages.map((stage) => this.#runner(stage));
	}

	/** What becomes of each row: at its place the row, or {@link LEFT_OUT}. */
	run(rows: readonly unknown[]): MaybePromise<readonly unknown[]> {
		return this.#from(0, rows);
	}

	#from(first: number, given: readonly unknown[]): MaybePromise<readonly unknown[]> {
		let rows = given;
		for (const [index, stage] of this.#stages.entries()) {
			if (index < first) continue;
			const next = stage(rows);
			if (isPromise(next)) return next.then((ready) => this.#from(index + 1, ready));
			rows = next;
		}
		return rows;
	}

	#runner(stage: Stage): RunStage {
		const { context } = this.#parts;
		switch (stage.kind) {
			case 'filter':
				return (rows) => this.#each(rows, (row) => (atOnce(stage.keeps(context, row)) ? row : LEFT_OUT));
			case 'transform':
				return (rows) => this.#each(rows, (row) => this.#shaped(stage, row));
			case 'join': {
				const cache = new JoinCache(stage, this.#parts);
				this.#caches.push(cache);
				return (rows) => {
					const present = rows.filter((row) => row !== LEFT_OUT);
					return whenDone(cache.fill(present), () => this.#each(rows, (row) => cache.joined(row)));
				};
			}
			default:
				return assertNever(stage);
		}
	}

	#each(rows: readonly unknown[], run: (row: unknown) => unknown): unknown[] {
		return rows.map((row) => {
			if (row === LEFT_OUT) return row;
			try {
				return run(row);
			} catch (error) {
				this.#parts.onError(error);
				return LEFT_OUT;
			}
		});
	}

	#shaped({ shape }: Transform, row: unknown): unknown {
		const { context, key } = this.#parts;
		return keepsKey(row, atOnce(shape(context, row)), key);
	}
}

/** @throws {TypeError} a promise would pass for true */
function atOnce(value: unknown): unknown {
	if (isPromise(value))
		throw new TypeError('a filter or transform of a view answers at once; look things up with a join');
	return value;
}

/** A row keeps its key, or events that follow would not find it. */
function keepsKey(row: unknown, shaped: unknown, key: string): unknown {
	const known = (row as Record<string, unknown> | null | undefined)?.[key];
	if (known === undefined) return shaped;
	if (typeof shaped !== 'object' || shaped === null) throw new TypeError('a transform must make an object of a row');
	const fields = shaped as Record<string, unknown>;
	if (fields[key] === undefined) return { ...fields, [key]: known };
	if (fields[key] !== known) throw new TypeError(`a transform must not change the key "${key}" of a row`);
	return shaped;
}
