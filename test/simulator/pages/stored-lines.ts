// The lines of a room as the simulated application stores them, and what was loaded of them.

import type { LineChange } from './lines.ts';

export interface Line {
	/** Grows with every line of the database: the order of the list. */
	id: number;
	room: string;
	/** Grows with every write of the database. */
	version: number;
	text: string;
}

/** How far a log reached. */
export interface LogEnd {
	key: string;
	offset: number;
}

/** What is to be known of a first page. */
export interface FirstPage {
	/** Whether lines followed it; null where the same page was loaded with some behind it, and with none. */
	hasMore: boolean | null;
	/** Of its topic's log, when the page was there: events up to here may be in it. Null where there is none. */
	end: LogEnd | null;
}

type Changed = [event: string, data: Partial<Line> | Line[]];

export class Lines {
	readonly all = new Map<number, Line>();
	readonly #loaded = new Map<string, FirstPage>();

	get newestFirst(): Line[] {
		return [...this.all.values()].toSorted((one, other) => other.id - one.id);
	}

	/** Returns the event that says so; undefined where there is no such line. */
	change({ kind, place, room, text }: LineChange, nextVersion: () => number): Changed | undefined {
		const lines = this.newestFirst;
		const known = lines[place % Math.max(1, lines.length)];
		if (!known && (kind === 'edit' || kind === 'erase')) return undefined;
		const version = nextVersion();
		if (known && kind === 'erase') {
			this.all.delete(known.id);
			return ['deleted', { id: known.id }];
		}
		const line: Line = { id: known && kind === 'edit' ? known.id : version, room, version, text };
		if (kind === 'replace') this.all.clear();
		this.all.set(line.id, line);
		if (kind === 'replace') return ['set', [line]];
		return [kind === 'add' ? 'created' : 'updated', line];
	}

	loaded(lines: readonly Line[], first: FirstPage): void {
		const print = printOf(lines);
		const known = this.#loaded.get(print) ?? first;
		this.#loaded.set(print, { ...first, hasMore: known.hasMore === first.hasMore ? first.hasMore : null });
	}

	/** What is known of a first page, by its lines; undefined where none like it was loaded. */
	firstPage(lines: readonly Partial<Line>[]): FirstPage | undefined {
		return this.#loaded.get(printOf(lines));
	}
}

const printOf = (lines: readonly Partial<Line>[]): string =>
	lines
		.map(({ id, version }) => `${id}:${version}`)
		.toSorted()
		.join();
