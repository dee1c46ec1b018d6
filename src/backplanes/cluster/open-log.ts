// Opens the history that an application configured, in the primary. SQLite is loaded only where it is used.

import type { Clock } from '../../base/clock.ts';
import type { MaybePromise } from '../../base/maybe-promise.ts';
import type { Backplane, LogRecipe } from '../../server/backplane.ts';
import { MemoryStore } from '../memory/memory-store.ts';
import { memory, type MemoryOptions } from '../memory/memory.ts';
import type { SqliteOptions } from '../sqlite/sqlite.ts';

/** @throws {Error} where this version does not know such a history */
export function makerOf(recipe: LogRecipe, clock: Clock): MaybePromise<() => Backplane> {
	const [first, second] = recipe.args;
	switch (recipe.kind) {
		case 'memory': {
			// The history begins anew after a crash, not what processes agreed on.
			const store = new MemoryStore(clock);
			return () => memory(first as MemoryOptions, store);
		}
		case 'sqlite':
			return import('../sqlite/sqlite.ts').then(
				({ sqlite }) =>
					() =>
						sqlite(first as string, second as SqliteOptions)
			);
		default:
			throw new Error(`tidewire: the primary process knows no history "${recipe.kind}"`);
	}
}
