// The version of a stream, as it is written in the options of `live.stream`: the page's build has to know it.

import type { ESTree } from 'vite';

/** Makes the build fail with this message at this place in the source. */
export type Refuse = (message: string, position: number) => never;

type Property = ESTree.ObjectExpression['properties'][number];

/** Undefined where there is none. */
export function versionIn(options: ESTree.ObjectExpression, refuse: Refuse): number | undefined {
	const property = options.properties.find((each) => nameOf(each) === 'version');
	if (property === undefined || property.type === 'SpreadElement') return undefined;
	const { value } = property;
	const version = value.type === 'Literal' ? value.value : undefined;
	if (typeof version === 'number' && Number.isSafeInteger(version) && version >= 1) return version;
	return refuse(
		'the "version" of a stream must be written as a number, 1 or more: the build gives it to the page',
		value.start
	);
}

function nameOf(property: Property): unknown {
	if (property.type === 'SpreadElement' || property.computed) return undefined;
	const { key } = property;
	if (key.type === 'Identifier') return key.name;
	return key.type === 'Literal' ? key.value : undefined;
}
