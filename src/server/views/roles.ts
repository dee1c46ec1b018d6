// What an event does to the rows of a stream, by its name and the kind of merge; and what a view calls its own events.

import type { MergeKind } from '../../base/merge.ts';

/** put: adds or replaces · replace: only where there is one · remove · set: the whole value */
export type Role = 'put' | 'replace' | 'remove' | 'set';

/** The names of a kind whose rows have keys. */
interface Names {
	readonly put: string;
	readonly replace: string;
	readonly remove: string;
}

const NAMES: Partial<Record<MergeKind, Names>> = {
	crud: { put: 'created', replace: 'updated', remove: 'deleted' },
	presence: { put: 'join', replace: 'join', remove: 'leave' },
	cursor: { put: 'update', replace: 'update', remove: 'remove' }
};

/** Null where the kind does not know the event. */
export function roleOf(kind: MergeKind, event: string): Role | null {
	if (kind === 'latest') return 'put';
	if (event === 'set') return 'set';
	const names = NAMES[kind];
	if (event === names?.put) return 'put';
	if (event === names?.replace) return 'replace';
	return event === names?.remove ? 'remove' : null;
}

/** What an event of a kind with rows is called. */
export function nameOf(kind: MergeKind, role: keyof Names): string {
	return NAMES[kind]?.[role] ?? role;
}
