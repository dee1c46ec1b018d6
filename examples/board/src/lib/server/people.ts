// Who signed in. A name is not a secret, so each sign-in makes a new person; the session's token is the only proof of
// who that is, and the table keeps its hash alone.
import { createHash, randomBytes } from 'node:crypto';
import type { DatabaseSync } from 'node:sqlite';
import type { Person } from '../model.ts';
import { newId } from '../model.ts';
import { inTransaction, rowsOf } from './database.ts';

export const SESSION_MS = 30 * 24 * 60 * 60 * 1000;

export interface SignedIn {
	person: Person;
	/** Milliseconds since the Unix epoch. */
	expiresAt: number;
}

interface SessionRow extends Person {
	expiresAt: number;
}

const hashOf = (token: string): string => createHash('sha256').update(token).digest('hex');

export class People {
	readonly #db: DatabaseSync;

	constructor(db: DatabaseSync) {
		this.#db = db;
	}

	/** Returns the token for the cookie: 256 random bits. */
	signIn(name: string, now: number): { token: string } & SignedIn {
		const person: Person = { id: newId(), name };
		const token = randomBytes(32).toString('base64url');
		const expiresAt = now + SESSION_MS;
		inTransaction(this.#db, () => {
			this.#db.prepare('DELETE FROM sessions WHERE expires_at <= ?').run(now);
			this.#db.prepare('INSERT INTO users (id, name, created_at) VALUES (?, ?, ?)').run(person.id, name, now);
			this.#db.prepare('INSERT INTO sessions VALUES (?, ?, ?)').run(hashOf(token), person.id, expiresAt);
		});
		return { token, person, expiresAt };
	}

	/** Whose token it is; undefined for one that never was or that ended. */
	signedIn(token: string, now: number): SignedIn | undefined {
		const row = rowsOf<SessionRow>(
			this.#db.prepare(
				`SELECT users.id, users.name, expires_at AS expiresAt FROM sessions
				JOIN users ON users.id = user_id WHERE token_hash = ? AND expires_at > ?`
			),
			hashOf(token),
			now
		)[0];
		return row && { person: { id: row.id, name: row.name }, expiresAt: row.expiresAt };
	}

	signOut(token: string): void {
		this.#db.prepare('DELETE FROM sessions WHERE token_hash = ?').run(hashOf(token));
	}
}
