// A list of rows by key.

import type { Draft } from './draft.ts';

export function crud(draft: Draft, event: string, data: unknown): void {
	switch (event) {
		case 'created':
			return draft.put(data);
		case 'updated':
			draft.replace(data);
			return;
		case 'deleted':
			return draft.remove(draft.keyOf(data));
		case 'set':
			return draft.reset(data);
	}
}
