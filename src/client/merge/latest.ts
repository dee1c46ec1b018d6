// The last items, whatever the events that bring them are called.

import type { Draft } from './draft.ts';

export function latest(draft: Draft, _event: string, data: unknown): void {
	draft.push(data);
}
