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
	/** Whether its call has succeeded: it goes when the stream is up to date, which may be now or later. */
	settled: boolean;
}

const REMOVES = new Set(['deleted', 'leave', 'remove']);
const UPSERTS = new Set(['created', 'join', 'update']);

export class Model {
	spec: MergeSpec | null = null;
	confirmed: unknown;
	pending: ModelPending[] = [];

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

	/** Every value that may be shown: settled events may have gone already. */
	*values(): Generator {
		const settled = this.pending.filter((entry) => entry.settled);
		for (let subset = 0; subset < 2 ** Math.min(settled.length, 6); subset++) {
			const gone = new Set(settled.filter((_, index) => (subset >> index) % 2 === 1));
			yield this.#replay(this.pending.filter((entry) => !gone.has(entry)));
		}
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
	const key = keyOf(data, spec);
	const known = key !== undefined && rows.some((row) => keyOf(row, spec) === key);
	if (REMOVES.has(event)) return known ? rows.filter((row) => keyOf(row, spec) !== key) : value;
	if (known) return rows.map((row) => (keyOf(row, spec) === key ? data : row));
	return UPSERTS.has(event) || spec.kind === 'latest' ? bounded(added(rows, data, spec), spec) : value;
}

const added = (rows: unknown[], row: unknown, { prepend }: MergeSpec): unknown[] =>
	prepend ? [row, ...rows] : [...rows, row];

function bounded(rows: unknown[], { max, prepend }: MergeSpec): unknown[] {
	if (max === 0 || rows.length <= max) return rows;
	return prepend ? rows.slice(0, max) : rows.slice(-max);
}
