// What a stream has to show, worked out in the plainest way: merges on fresh arrays, and every event replayed every time.
// It knows nothing of the client's code, so that the two check each other.

import type { MergeSpec } from '../../src/base/merge.ts';

interface Keyed {
	[field: string]: unknown;
}

interface ModelEvent {
	event: string;
	data: unknown;
}

export interface ModelPending extends ModelEvent {
	/** Whether a call in progress holds it. */
	held: boolean;
	/** Its call was the how manyth to succeed: it goes when the stream is up to date, now or later. 0: it has not yet. */
	settled: number;
}

const REMOVES = new Set(['deleted', 'leave', 'remove']);
const UPSERTS = new Set(['created', 'join', 'update']);

export class Model {
	spec: MergeSpec | null = null;
	confirmed: unknown;
	pending: ModelPending[] = [];
	#settled = 0;

	add(event: string, data: unknown, held: boolean): ModelPending {
		const entry: ModelPending = { event, data, held, settled: 0 };
		this.pending.push(entry);
		return entry;
	}

	settle(entry: ModelPending): void {
		entry.held = false;
		entry.settled = ++this.#settled;
	}

	remove(entry: ModelPending): void {
		this.pending = this.pending.filter((other) => other !== entry);
	}

	load(value: unknown, spec: MergeSpec): void {
		this.spec = spec;
		this.confirmed = spec.max > 0 && Array.isArray(value) ? bounded(value, spec) : value;
		this.#confirmLoaded();
	}

	apply(event: string, data: unknown): void {
		const { spec } = this;
		if (!spec) return;
		this.confirmed = merged(this.confirmed, { event, data }, spec);
		if (spec.kind === 'latest') return;
		if (spec.kind === 'set') this.pending = this.pending.filter((entry) => entry.held);
		else if (event === 'set') this.#confirmLoaded();
		else this.pending = this.pending.filter((entry) => entry.held || keyOf(entry.data, spec) !== keyOf(data, spec));
	}

	#confirmLoaded(): void {
		const { spec, confirmed } = this;
		if (!spec || spec.kind === 'latest') return;
		this.pending = this.pending.filter((entry) => {
			if (entry.held || spec.kind === 'set') return entry.held;
			const keys = Array.isArray(confirmed) ? confirmed.map((row) => keyOf(row, spec)) : [];
			return !keys.includes(keyOf(entry.data, spec));
		});
	}

	/** Every value that may be shown. When a stream is up to date all settled events go, so none goes before an earlier one. */
	*values(): Generator {
		yield this.#replay(this.pending);
		const order = this.pending.flatMap(({ settled }) => (settled > 0 ? [settled] : [])).toSorted((a, b) => a - b);
		for (const last of order) yield this.#replay(this.pending.filter(({ settled }) => !settled || settled > last));
	}

	#replay(pending: ModelPending[]): unknown {
		const { spec } = this;
		if (!spec) return undefined;
		return pending.reduce((value, entry) => merged(value, entry, spec), this.confirmed);
	}
}

const keyOf = (row: unknown, { key }: MergeSpec): unknown => (row as Keyed | null)?.[key];

function merged(value: unknown, { event, data }: ModelEvent, spec: MergeSpec): unknown {
	if (spec.kind === 'set') return event === 'set' ? data : value;
	const rows: unknown[] = Array.isArray(value) ? value : [];
	if (event === 'set' && spec.kind !== 'latest') return Array.isArray(data) ? bounded(data, spec) : data;
	if (event === '%moved') return moved(rows, data as [unknown, number], spec);
	const key = keyOf(data, spec);
	const known = key !== undefined && rows.some((row) => keyOf(row, spec) === key);
	if (REMOVES.has(event)) return known ? rows.filter((row) => keyOf(row, spec) !== key) : value;
	if (known) return rows.map((row) => (keyOf(row, spec) === key ? data : row));
	return UPSERTS.has(event) || spec.kind === 'latest' ? bounded(added(rows, data, spec), spec) : value;
}

function moved(rows: unknown[], [key, place]: [unknown, number], spec: MergeSpec): unknown[] {
	const row = rows.find((other) => keyOf(other, spec) === key);
	return rows.filter((other) => other !== row).toSpliced(place, 0, row);
}

const added = (rows: unknown[], row: unknown, { prepend }: MergeSpec): unknown[] =>
	prepend ? [row, ...rows] : [...rows, row];

function bounded(rows: unknown[], { max, prepend }: MergeSpec): unknown[] {
	if (max === 0 || rows.length <= max) return rows;
	return prepend ? rows.slice(0, max) : rows.slice(-max);
}
