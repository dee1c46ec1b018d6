// Rows by key: what each of their events does to the list.

import { MOVED } from '../../protocol/stream.ts';
import type { Draft } from './draft.ts';

/** @param put the event that adds or replaces a row; @param remove the one that takes it out */
function keyed(put: string, remove: string) {
	return (draft: Draft, event: string, data: unknown): void => {
		switch (event) {
			case put:
				return draft.put(data);
			case remove:
				return draft.remove(draft.keyOf(data));
			case 'set':
				return draft.reset(data);
			case MOVED:
				return draft.move(data as [key: unknown, place: number]);
		}
	};
}

const others = keyed('created', 'deleted');

export function crud(draft: Draft, event: string, data: unknown): void {
	if (event === 'updated') draft.replace(data);
	else others(draft, event, data);
}

/** Who is here. */
export const presence = keyed('join', 'leave');

/** Where they are. */
export const cursor = keyed('update', 'remove');
