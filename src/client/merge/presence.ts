// Who is here, by key.

import type { Draft } from './draft.ts';

export function presence(draft: Draft, event: string, data: unknown): void {
	switch (event) {
		case 'join':
			return draft.put(data);
		case 'leave':
			return draft.remove(draft.keyOf(data));
		case 'set':
			return draft.reset(data);
	}
}
