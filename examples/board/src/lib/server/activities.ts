// What people did on each board: what the feed tells, and what statistics and digests count.
import type { DatabaseSync } from 'node:sqlite';
import type { ActivePerson, Activity, Person, Tally } from '../model.ts';
import { rowsOf } from './database.ts';

/** A deed as it is stored: what it was done to is kept by id, too, so that it can be counted after a change of names. */
export interface NewActivity extends Activity {
	cardId: string | null;
	/** Where the card came to. */
	columnId: string | null;
}

/** From a moment to right before another one, in milliseconds since the Unix epoch. */
export interface Span {
	from: number;
	to: number;
}

interface ActivityRow extends Omit<Activity, 'person'> {
	personId: string;
	personName: string;
}

const WITHIN = 'board_id = ? AND at >= ? AND at < ?';

export class Activities {
	readonly #db: DatabaseSync;

	constructor(db: DatabaseSync) {
		this.#db = db;
	}

	add(boardId: string, { person, ...activity }: NewActivity): void {
		const insert = this.#db.prepare(
			`INSERT INTO activity (id, board_id, person_id, person_name, deed, title, detail, card_id, column_id, at)
			VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`
		);
		const { id, deed, title, detail, cardId, columnId, at } = activity;
		insert.run(id, boardId, person.id, person.name, deed, title, detail, cardId, columnId, at);
	}

	/** The last `limit` deeds, oldest first. */
	latest(boardId: string, limit: number): Activity[] {
		const statement = this.#db.prepare(
			`SELECT id, at, person_id AS personId, person_name AS personName, deed, title, detail
			FROM activity WHERE board_id = ? ORDER BY seq DESC LIMIT ?`
		);
		return rowsOf<ActivityRow>(statement, boardId, limit).toReversed().map(activityOf);
	}

	/** How much happened. A card that came to the last column twice is done once. */
	tally(boardId: string, { from, to }: Span): Tally {
		const statement = this.#db.prepare(
			`SELECT count(*) FILTER (WHERE deed = 'added') AS added, count(*) FILTER (WHERE deed = 'moved') AS moved,
			count(DISTINCT card_id) FILTER (WHERE column_id =
				(SELECT id FROM columns WHERE board_id = ?1 ORDER BY rank DESC LIMIT 1)) AS done,
			(SELECT count(*) FROM messages WHERE board_id = ?1 AND at >= ?2 AND at < ?3) AS messages
			FROM activity WHERE board_id = ?1 AND at >= ?2 AND at < ?3`
		);
		return rowsOf<Tally>(statement, boardId, from, to)[0] ?? { added: 0, moved: 0, done: 0, messages: 0 };
	}

	/** Who did most, messages included. */
	mostActive(boardId: string, { from, to }: Span, limit: number): ActivePerson[] {
		const statement = this.#db.prepare(
			`SELECT id, max(name) AS name, count(*) AS deeds FROM (
				SELECT person_id AS id, person_name AS name FROM activity WHERE ${WITHIN}
				UNION ALL SELECT author_id, author_name FROM messages WHERE ${WITHIN}
			) GROUP BY id ORDER BY deeds DESC, name, id LIMIT ?`
		);
		return rowsOf<ActivePerson>(statement, boardId, from, to, boardId, from, to, limit);
	}

	/** The boards on which something happened. */
	boardsWithin({ from, to }: Span): string[] {
		const statement = this.#db.prepare(
			`SELECT DISTINCT board_id AS id FROM activity WHERE at >= ?1 AND at < ?2
			UNION SELECT board_id FROM messages WHERE at >= ?1 AND at < ?2`
		);
		return rowsOf<{ id: string }>(statement, from, to).map(({ id }) => id);
	}
}

function activityOf({ personId, personName, ...row }: ActivityRow): Activity {
	const person: Person = { id: personId, name: personName };
	return { ...row, person };
}
