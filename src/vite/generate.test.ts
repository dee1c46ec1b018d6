import { describe, expect, test } from 'vitest';
import { clientStubs, serverRegistration } from './generate.ts';

const exports = [
	{ name: '_guard', stub: null },
	{ name: 'cards', stub: 'stream' as const },
	{ name: 'addCard', stub: 'call' as const },
	{ name: 'move', stub: 'call' as const }
];

describe('the stubs of a module', () => {
	test('are one per export, by path, and say nothing of the guard', () => {
		expect(clientStubs('lib/board', exports, { url: '/__live' })).toBe(
			[
				"import { stream as $$stream, call as $$call } from 'tidewire/svelte/stubs';",
				'export const cards = /* @__PURE__ */ $$stream("lib/board/cards");',
				'export const addCard = /* @__PURE__ */ $$call("lib/board/addCard");',
				'export const move = /* @__PURE__ */ $$call("lib/board/move");',
				''
			].join('\n')
		);
	});

	test('know the version of a stream', () => {
		const versioned = [{ name: 'cards', stub: 'stream' as const, version: 3 }];
		expect(clientStubs('lib/board', versioned, { url: '/__live' })).toContain('$$stream("lib/board/cards", 3);');
	});

	test('come from where their part of the client is', () => {
		const mixed = [
			...exports,
			{ name: 'attach', stub: 'upload' as const },
			{ name: 'film', stub: 'download' as const }
		];
		expect(clientStubs('lib/board', mixed, { url: '/__live' }).split('\n').slice(0, 2)).toEqual([
			"import { stream as $$stream, call as $$call } from 'tidewire/svelte/stubs';",
			"import { upload as $$upload, download as $$download } from 'tidewire/svelte/stubs/bytes';"
		]);
	});

	test('tell the client where to connect, where that is not the usual place', () => {
		expect(clientStubs('a', exports, { url: '/base/__live' })).toContain(
			'globalThis.__TIDEWIRE_PATH__ = "/base/__live";'
		);
	});

	test('are code whatever the folders are called', () => {
		const code = clientStubs('routes/"; alert(1); "/x', [{ name: 'a', stub: 'call' }], { url: '/__live' });
		expect(code).toContain(String.raw`$$call("routes/\"; alert(1); \"/x/a")`);
	});
});

test('the registration names every export, the guard too', () => {
	expect(serverRegistration('lib/board', exports)).toContain(
		'$$registerModule("lib/board", { _guard, cards, addCard, move });'
	);
});
