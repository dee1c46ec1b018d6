// The tables of docs/sockets.md against the code that they are about.
import { expect, test } from 'vitest';
import { KEY_LIMITS, SOCKET_LIMITS } from '../../src/sockets/limits.ts';
import { readDocument, tableWith } from './markdown.ts';

const document = readDocument('docs/sockets.md');

/** The names that a property or a method of the code is declared with. */
function declaredIn(file: string, interfaceName: string): string[] {
	const [, body = ''] =
		new RegExp(`export interface ${interfaceName}\\b[^{]*\\{\\n(.*?)\\n\\}`, 's').exec(readDocument(file)) ?? [];
	return [...body.matchAll(/^\t(?:readonly )?(\w+)\??[(:<]/gm)].map(([, name]) => name!);
}

const namesIn = (cell: string): string[] => [...cell.matchAll(/(?:^|`)([a-zA-Z]+)/g)].map(([, name]) => name!);

test('every limit has its default in the table', () => {
	const { rows } = tableWith(document, /Limits/, ['limit', 'default', 'beyond it']);
	const numbers = rows.map((row) => [
		row['limit'],
		Number(/^[\d,]+/.exec(row['default'] ?? '')?.[0].replaceAll(',', ''))
	]);
	expect(Object.fromEntries(numbers)).toEqual({ ...SOCKET_LIMITS, ...KEY_LIMITS });
});

test('every hook is in the table', () => {
	const { rows } = tableWith(document, /A socket$/, ['hook', 'is called']);
	expect(rows.map(({ hook }) => /^\w+/.exec(hook ?? '')?.[0])).toEqual(
		declaredIn('src/sockets/socket.ts', 'SocketHooks')
	);
});

test('everything of a socket is in the table', () => {
	const { rows } = tableWith(document, /A socket$/, ['socket', 'is']);
	const named = rows.flatMap((row) => namesIn(row['socket'] ?? ''));
	expect(named).toEqual(expect.arrayContaining(declaredIn('src/sockets/socket.ts', 'SocketConnection')));
});

test('every property of the component is in the table', () => {
	const { rows } = tableWith(document, /In the page/, ['property', 'is']);
	const named = rows.flatMap(({ property }) => namesIn(property ?? ''));
	expect(named.toSorted()).toEqual(declaredIn('src/svelte/sockets/socket-props.ts', 'SocketViewProps').toSorted());
});
