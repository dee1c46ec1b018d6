// What a stream shows that is loaded in pages, compared with what is stored and what its topic's log says up to where it
// stands. It knows nothing of which pages were asked for: whichever came, what is shown has no holes.

import { decodeEventBody } from '../../../src/protocol/stream.ts';
import type { Position } from '../../../src/protocol/position.ts';
import type { Database } from '../database.ts';
import { SIZE } from './lines.ts';
import type { FirstPage, Line, Lines } from './stored-lines.ts';

/** The streams of `lines.ts`. */
export const PAGED = ['app/newest', 'app/latest', 'app/signed'];

export const isPaged = (path: string): boolean => PAGED.includes(path);

type Shown = Pick<Line, 'id'> & Partial<Line>;

/** What the stream shows. */
export interface ShownList {
	readonly value: unknown;
	readonly hasMore: boolean;
}

export interface PagedListOptions {
	database: Database;
	path: string;
	room: string;
	topic: string;
	/** The epoch of a position as the database has it. */
	epochKey: (epoch: string) => string;
}

/** What was told of a line. */
interface Told {
	/** Whether there was an event that brought it: some come by a value alone. */
	isCreated: boolean;
	isErased: boolean;
	/** The last one. */
	version: number;
}

export class PagedList {
	readonly #options: PagedListOptions;
	readonly #lines: Lines;
	readonly #newestFirst: boolean;
	/** The highest number that was there when the value was loaded. */
	#loadedUpTo = -Infinity;
	#first: FirstPage | undefined;
	/** Pages that are on their way. */
	#asked = 0;
	/** Whether a page may have come since the value did. */
	#isExtended = false;
	/** What was told of each line, up to an offset of a log, and from which one on there are any. */
	#told = { key: '', offset: 0, lines: new Map<number, Told>(), from: -Infinity };

	constructor(options: PagedListOptions) {
		this.#options = options;
		this.#newestFirst = options.path !== 'app/latest';
		this.#lines = options.database.lines.get(options.room) as Lines;
	}

	/** A whole new value came. Returns what is wrong with it. */
	loaded(value: unknown): string | null {
		const page = value as Shown[];
		this.#first = this.#lines.firstPage(page);
		this.#isExtended = this.#asked > 0;
		this.#loadedUpTo = Math.max(...page.map(({ id }) => id), -Infinity);
		if (!this.#first || page.length > SIZE) return 'the value is no first page that was loaded';
		return this.#isOrdered(page) ? null : 'the first page is out of order';
	}

	/** An event was applied to the value. */
	applied(event: string): void {
		if (event !== 'set' || !this.#first) return;
		this.#first = { ...this.#first, hasMore: false };
		this.#loadedUpTo = -Infinity;
	}

	/** A page is asked for, and may be there from now on. */
	async whileAsked(answer: Promise<void>): Promise<void> {
		this.#asked++;
		this.#isExtended = true;
		await answer.finally(() => this.#asked--);
	}

	/** What is wrong with what is shown while the stream stands there; null where nothing is. */
	problem({ value, hasMore }: ShownList, position: Position): string | null {
		const shown = value as Shown[];
		const told = this.#toldUpTo(position);
		if (new Set(shown.map(({ id }) => id)).size < shown.length) return 'a line shows twice';
		for (const line of shown) {
			const last = told.get(line.id);
			if (last?.isErased || line.id < this.#told.from) return `line ${line.id} was erased`;
			if (last && (line.version ?? 0) < last.version)
				return `line ${line.id} is older than version ${last.version}`;
		}
		if (!this.#isExtended && (this.#first?.hasMore ?? hasMore) !== hasMore) return `hasMore is ${hasMore}`;
		// What came while the value was loaded may be told again, in several messages: until then there may be holes.
		return this.#isAheadOf(position) ? null : this.#holeIn(shown, { hasMore, told });
	}

	/** What is wrong when everything has healed. */
	finalProblem({ value, hasMore }: ShownList): string | null {
		const shown = value as Shown[];
		const stored = this.#lines.newestFirst;
		const expected = stored.slice(0, shown.length);
		const actual = this.#newestFirst ? shown : shown.toReversed();
		if (JSON.stringify(actual.map(essence)) !== JSON.stringify(expected.map(essence)))
			return `stored is ${JSON.stringify(expected)}`;
		return hasMore || shown.length === stored.length ? null : `of ${stored.length} lines there are no more`;
	}

	#holeIn(shown: Shown[], { hasMore, told }: { hasMore: boolean; told: Map<number, Told> }): string | null {
		if (!this.#isOrdered(settled(shown, told))) return 'the list is out of order';
		const ids = new Set(shown.map(({ id }) => id));
		const from = hasMore ? Math.min(...ids) : -Infinity;
		const isKnown = (id: number): boolean => id <= this.#loadedUpTo || told.get(id)?.isCreated === true;
		const missing = [...this.#lines.all.keys()].find((id) => id >= from && isKnown(id) && !ids.has(id));
		return missing === undefined ? null : `line ${missing} is missing`;
	}

	#isOrdered(shown: Shown[]): boolean {
		const ids = shown.map(({ id }) => id);
		if (!this.#newestFirst) ids.reverse();
		return ids.every((id, index) => index === 0 || id < (ids[index - 1] as number));
	}

	/** Whether the log was further when the value was there. */
	#isAheadOf({ epoch, offset }: Position): boolean {
		const end = this.#first?.end;
		return end?.key === this.#logOf(epoch) && end.offset > offset;
	}

	#logOf(epoch: string): string {
		return `${this.#options.topic} ${this.#options.epochKey(epoch)}`;
	}

	#toldUpTo({ epoch, offset }: Position): Map<number, Told> {
		const key = this.#logOf(epoch);
		if (this.#told.key !== key || this.#told.offset > offset)
			this.#told = { key, offset: 0, lines: new Map(), from: -Infinity };
		const entries = this.#options.database.log.get(key) ?? [];
		for (const { body } of entries.slice(this.#told.offset, offset)) {
			const { event, data } = decodeEventBody(body);
			for (const line of [data].flat()) if (line !== null) this.#tell(event, line as Shown);
		}
		this.#told.offset = offset;
		return this.#told.lines;
	}

	#tell(event: string, { id, version = 0 }: Shown): void {
		if (event === 'set') this.#told.from = id; // all others are gone
		const isCreated = event === 'created' || event === 'set' || this.#told.lines.get(id)?.isCreated === true;
		this.#told.lines.set(id, { isCreated, isErased: event === 'deleted', version });
	}
}

/** Without those that are stored, and whose coming is not told yet: with that, or a new value, they have their place. */
function settled(shown: Shown[], told: Map<number, Told>): Shown[] {
	const isTold = (id: number): boolean => told.get(id)?.isCreated === true;
	const first = Math.min(...[...told.keys()].filter(isTold));
	return shown.filter(({ id }) => id < first || isTold(id));
}

const essence = ({ id, version }: Shown): unknown => [id, version];
