// Where they are, by key.

import type { Draft } from './draft.ts';

export function cursor(draft: Draft, event: string, data: unknown): void {
	switch (event) {
		case 'update':
			return draft.put(data);
		case 'remove':
			return draft.remove(draft.keyOf(data));
		case 'set':
			return draft.reset(data);
	}
}
