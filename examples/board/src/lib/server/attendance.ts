// Who has a board open, counted by tab. Somebody is gone when the last tab is, and has not come back for a while: a page
// that is reloaded or a connection that breaks for a moment makes nobody flicker.
import type { Person } from '../model.ts';

interface Attendee {
	person: Person;
	tabs: Set<string>;
	leaving: NodeJS.Timeout | undefined;
}

const GRACE_MS = 3000;

export class Attendance {
	readonly #boards = new Map<string, Map<string, Attendee>>();

	of(boardId: string): Person[] {
		return Array.from(this.#boards.get(boardId)?.values() ?? [], (attendee) => attendee.person);
	}

	/** Returns whether the person was not there before. */
	enter(boardId: string, person: Person, tab: string): boolean {
		const board = this.#boards.get(boardId) ?? new Map<string, Attendee>();
		this.#boards.set(boardId, board);
		const present = board.get(person.id);
		const attendee = present ?? { person, tabs: new Set<string>(), leaving: undefined };
		board.set(person.id, attendee);
		attendee.tabs.add(tab);
		clearTimeout(attendee.leaving);
		return present === undefined;
	}

	/** Calls `gone` when that was the last tab and none has been opened since. */
	exit({ boardId, personId, tab }: { boardId: string; personId: string; tab: string }, gone: () => void): void {
		const attendee = this.#boards.get(boardId)?.get(personId);
		if (!attendee?.tabs.delete(tab) || attendee.tabs.size > 0) return;
		clearTimeout(attendee.leaving);
		attendee.leaving = setTimeout(() => {
			this.#forget(boardId, personId);
			gone();
		}, GRACE_MS).unref();
	}

	#forget(boardId: string, personId: string): void {
		const board = this.#boards.get(boardId);
		board?.delete(personId);
		if (board?.size === 0) this.#boards.delete(boardId);
	}
}
