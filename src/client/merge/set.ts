// One value.

import type { Draft } from './draft.ts';

export function set(draft: Draft, event: string, data: unknown): void {
	if (event === 'set') draft.reset(data);
}
