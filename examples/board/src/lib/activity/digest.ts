// A day of a board in one sentence. Days are those of UTC, so that everybody has the same.
import type { Tally } from '../model.ts';

const DAY_MS = 86_400_000;

/** The day in which a moment lies. Both in milliseconds since the Unix epoch; `to` is the next day's. */
export function spanOfDay(at: number): { from: number; to: number } {
	const from = Math.floor(at / DAY_MS) * DAY_MS;
	return { from, to: from + DAY_MS };
}

/** `YYYY-MM-DD`. */
export const dayName = (at: number): string => new Date(at).toISOString().slice(0, 10);

/** “5 cards added, 3 done”: only what there was. */
export function digestText({ added, moved, done, messages }: Tally): string {
	const parts = [
		counted(added, 'card added', 'cards added'),
		counted(moved, added > 0 ? 'moved' : 'card moved', added > 0 ? 'moved' : 'cards moved'),
		counted(done, 'done', 'done'),
		counted(messages, 'message', 'messages')
	].filter((part) => part !== null);
	return parts.length > 0 ? parts.join(', ') : 'A quiet day';
}

function counted(count: number, one: string, many: string): string | null {
	return count === 0 ? null : `${count} ${count === 1 ? one : many}`;
}
