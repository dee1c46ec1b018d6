// The rows of one view, kept current by the events of its topic. Invariant: `list` is what a client has that was sent all
// changes so far; a row that does not match is neither in it nor in any change.

import { whenDone, type MaybePromise } from '../../base/maybe-promise.ts';
import { decodeEventBody, encodeEventBody, isControl, MOVED, type EventBody } from '../../protocol/stream.ts';
import { encodeValue, readValue } from '../../protocol/value.ts';
import { stagesOf, type ViewRun } from './group.ts';
import { OrderedRows, type Change } from './ordered-rows.ts';
import { nameOf, roleOf, type Role } from './roles.ts';
import { LEFT_OUT, type Stages } from './stages.ts';

/** Told what clients are to do. */
export type OnChange = (bodies: readonly EventBody[], conflates: boolean) => void;

export class ViewRows {
	/** The rows that are shown, in order. */
	readonly list: unknown[] = [];
	readonly #run: ViewRun;
	readonly #onChange: OnChange;
	readonly #stages: Stages;
	readonly #finish: Stages;
	/** Whether a row that was not known may enter when it is updated: the filter says what is in. */
	readonly #isFiltered: boolean;
	#rows: OrderedRows;

	constructor(run: ViewRun, onChange: OnChange) {
		const { view } = run.definition;
		this.#run = run;
		this.#onChange = onChange;
		this.#stages = stagesOf(view.stages, run);
		this.#finish = stagesOf(view.finish, run);
		this.#isFiltered = view.stages.some(({ kind }) => kind === 'filter');
		this.#rows = this.#ordered([]);
	}

	/** Takes the place of all rows. What changes is told by whoever loaded them. */
	load(value: unknown): MaybePromise<void> {
		const given = copied(value);
		const rows = Array.isArray(given) ? (given as unknown[]) : [];
		return whenDone(this.#stages.run(rows), (staged) => {
			const keyed = staged.flatMap((row, index) =>
				row === LEFT_OUT ? [] : [[this.#keyOf(rows[index]), row] as const]
			);
			this.#rows = this.#ordered(keyed);
			const { shown } = this.#rows;
			return whenDone(this.#finish.run(shown.map(({ row }) => row)), (finished) => {
				const list = shown.map(({ key }, index) => this.#shownAs(key, finished[index]));
				this.list.splice(0, this.list.length, ...list);
			});
		});
	}

	#ordered(rows: Iterable<readonly [unknown, unknown]>): OrderedRows {
		const { definition, path, limits } = this.#run;
		const { view, merge } = definition;
		return new OrderedRows(rows, {
			path,
			compare: view.compare,
			limit: view.limit || merge.max,
			fromEnd: view.limit === 0 && !merge.prepend,
			prepend: merge.prepend,
			maxRows: limits.viewRows
		});
	}

	#keyOf(row: unknown): unknown {
		return (row as Record<string, unknown> | null | undefined)?.[this.#run.definition.merge.key];
	}

	/** A row that could not be finished is shown by its key alone: a gap would shift all others. */
	#shownAs(key: unknown, row: unknown): unknown {
		return row === LEFT_OUT ? { [this.#run.definition.merge.key]: key } : row;
	}

	/** @throws {LiveError} TOO_MANY */
	apply(body: EventBody): MaybePromise<void> {
		if (isControl(body)) return;
		const { event, data } = decodeEventBody(body);
		const role = roleOf(this.#run.definition.merge.kind, event);
		if (role === null) return;
		if (role === 'set') return whenDone(this.load(data), () => this.#onChange([this.whole], false));
		const key = this.#keyOf(data);
		if (role === 'remove') return this.#show(this.#rows.remove(key), role);
		if (role === 'replace' && !this.#isFiltered && !this.#rows.has(key)) return;
		return whenDone(this.#stages.run([data]), ([row]) => {
			return this.#show(row === LEFT_OUT ? this.#rows.remove(key) : this.#rows.put(key, row), role);
		});
	}

	/** The event that gives a client everything. */
	get whole(): EventBody {
		return encodeEventBody('set', this.list);
	}

	#show(changes: readonly Change[], role: Role): MaybePromise<void> {
		if (changes.length === 0) return;
		const rows = changes.map((change) => (change.kind === 'leave' ? LEFT_OUT : change.entry.row));
		return whenDone(this.#finish.run(rows), (finished) => {
			const bodies = changes.flatMap((change, index) => this.#changed(change, finished[index]));
			this.#onChange(bodies, this.#conflates(changes, bodies, role));
		});
	}

	/** Applies a change to the list. Returns the events that do the same at a client. */
	#changed(change: Change, finished: unknown): EventBody[] {
		const { kind, key: field, prepend } = this.#run.definition.merge;
		const { list } = this;
		if (change.kind === 'leave') {
			list.splice(change.place, 1);
			return [encodeEventBody(nameOf(kind, 'remove'), { [field]: change.key })];
		}
		const { entry, place } = change;
		const row = this.#shownAs(entry.key, finished);
		const from = change.kind === 'change' ? change.from : prepend ? 0 : list.length;
		list.splice(from, change.kind === 'change' ? 1 : 0);
		list.splice(place, 0, row);
		const event = encodeEventBody(nameOf(kind, change.kind === 'change' ? 'replace' : 'put'), row);
		return from === place ? [event] : [event, encodeEventBody(MOVED, [entry.key, place])];
	}

	/** Whether a later event of the row may take the place of this one: not where that needs this one before it. */
	#conflates(changes: readonly Change[], bodies: readonly EventBody[], role: Role): boolean {
		if (bodies.length !== 1) return false;
		const isUpdate = changes[0]?.kind === 'change' && role === 'replace';
		return isUpdate || this.#run.definition.merge.kind !== 'crud';
	}
}

/** What a client would get: later changes of what the application loaded are its own. */
function copied(value: unknown): unknown {
	return readValue(JSON.parse(`[${encodeValue(value)}]`) as unknown[], 0);
}
