// One rule for every stream and call of a board, so that none of them can forget it.
import { LiveError } from 'tidewire/server';
import type { Person } from '../model.ts';
import { store } from './store.ts';

interface Caller {
	readonly user: Person;
}

export function mayOpen({ user }: Caller, boardId: string): boolean {
	return store().boards.isAllowed(boardId, user.id);
}

/** @throws {LiveError} FORBIDDEN, also for a board that does not exist: whether it does is nobody's business */
export function requireBoard(caller: Caller, boardId: string): void {
	if (!mayOpen(caller, boardId)) throw new LiveError('FORBIDDEN', 'This board is not shared with you.');
}

/** What a handler found, or the answer that it is gone. */
export function found<Value>(value: Value | undefined): Value {
	if (value === undefined) throw new LiveError('NOT_FOUND', 'Somebody else has deleted it.');
	return value;
}
