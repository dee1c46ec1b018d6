// The rules of the merge kind `crud` in the plainest words, for tests that compare.
import type { MergeSpec } from '../../src/base/merge.ts';

export interface Row {
	id: number;
	text?: string;
}

export type CrudEvent = [name: string, data: unknown];

export function plainCrud(value: Row[], events: CrudEvent[], { prepend, max }: MergeSpec): Row[] {
	return events.reduce((list, event) => bounded(applied(list, event, prepend)), bounded(value));

	function bounded(list: Row[]): Row[] {
		if (max === 0 || list.length <= max) return list;
		return prepend ? list.slice(0, max) : list.slice(-max);
	}
}

function applied(list: Row[], [name, data]: CrudEvent, prepend: boolean): Row[] {
	if (name === 'set') return data as Row[];
	const row = data as Row;
	if (name === 'deleted') return list.filter(({ id }) => id !== row.id);
	if (list.some(({ id }) => id === row.id)) return list.map((known) => (known.id === row.id ? row : known));
	if (name !== 'created') return list;
	return prepend ? [row, ...list] : [...list, row];
}
