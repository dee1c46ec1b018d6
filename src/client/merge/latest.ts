// The last items, whatever the events that bring them are called. An item that has a key takes the place of the one of
// the same key, so that one which a loaded value holds already does not show twice.

import type { Draft } from './draft.ts';

export function latest(draft: Draft, _event: string, data: unknown): void {
	if (draft.keyOf(data) == null) draft.push(data);
	else draft.put(data);
}
