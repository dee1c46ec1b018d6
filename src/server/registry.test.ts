import { describe, expect, it } from 'vitest';
import { guard, live } from '../live/live.ts';
import { defineMembers } from './definition.ts';
import { Registry } from './registry.ts';

const HOSTILE = [
	'constructor',
	'toString',
	'__proto__',
	'hasOwnProperty',
	'',
	'/',
	'lib/board',
	'lib/board/',
	'lib/board/constructor',
	'lib/board/toString',
	'lib/board/__proto__',
	'lib/board/_guard',
	'lib/board//add',
	'lib/board/../board/add',
	'./lib/board/add',
	'/lib/board/add',
	'lib/board/add/',
	'LIB/board/add',
	'lib%2Fboard/add',
	'lib/board/add\u0000',
	'lib\\board\\add'
];

describe('the registry', () => {
	const add = live(() => 1);

	it('finds exactly what was registered', () => {
		const registry = new Registry();
		registry.register('lib/board', { add, _guard: guard(() => {}) });
		expect(registry.get('lib/board/add')?.definition.kind).toBe('call');
		expect(registry.paths()).toEqual(['lib/board/add']);
		for (const path of HOSTILE) expect(registry.get(path), path).toBeUndefined();
	});

	it.each<[string, unknown]>([
		['a plain function', () => 1],
		['an async function', async () => 1],
		['a class', Map],
		['an object', { handler: () => 1 }],
		['an object that says it is a definition', { kind: 'call', handler: () => 1 }],
		['a string', 'secret'],
		['null', null],
		['undefined', undefined],
		['a number', 5]
	])('refuses a module that exports %s, and keeps the former one', (_, value) => {
		const registry = new Registry();
		registry.register('lib/board', { add });
		expect(() => registry.register('lib/board', { other: add, helper: value })).toThrow(
			/"lib\/board".*"helper".*not a live definition/
		);
		expect(registry.paths()).toEqual(['lib/board/add']);
	});

	it('replaces a module as a whole', () => {
		const registry = new Registry();
		registry.register('lib/board', { add, remove: add });
		registry.register('lib/board', { rename: add });
		expect(registry.paths()).toEqual(['lib/board/rename']);
		registry.remove('lib/board');
		expect(registry.paths()).toEqual([]);
	});

	it('takes a guard under its own name alone, so that none is forgotten by a typing error', () => {
		const registry = new Registry();
		expect(() => registry.register('lib/board', { _guards: guard(() => {}), add })).toThrow(/"_guard"/);
	});

	it('takes nothing but a guard under that name, so that no module is open by mistake', () => {
		const registry = new Registry();
		expect(() => registry.register('lib/board', { _guard: live(() => {}), add })).toThrow(/"_guard"/);
		expect(registry.paths()).toEqual([]);
	});

	it('gives every function the guards of its own module', () => {
		const registry = new Registry();
		const first = (): void => {};
		const second = (): void => {};
		registry.register('a', { _guard: guard(first, second), add });
		registry.register('b', { add });
		expect(registry.get('a/add')?.guards).toEqual([first, second]);
		expect(registry.get('b/add')?.guards).toEqual([]);
	});

	it('finds the members of an export below its path, and the export itself where it is a function, too', () => {
		const registry = new Registry();
		const inner = defineMembers({}, { move: add });
		registry.register('lib/board', {
			room: defineMembers({}, { add, inner }),
			both: defineMembers(
				live(() => 2),
				{ add }
			)
		});
		expect(registry.paths()).toEqual([
			'lib/board/room/add',
			'lib/board/room/inner/move',
			'lib/board/both',
			'lib/board/both/add'
		]);
	});

	it('refuses a member that is no live definition', () => {
		const registry = new Registry();
		expect(() => registry.register('lib/board', { room: defineMembers({}, { add: () => 1 }) })).toThrow(
			/"room\/add"/
		);
	});
});
