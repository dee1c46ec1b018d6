import { describe, expect, test } from 'vitest';
import { cleanId, isConfigFile, liveAliasTargets, MAYBE_LIVE, moduleIdOf, serverOnlyProblem } from './module-id.ts';

const tree = { root: '/app', src: '/app/src' };

describe('the id of a live module', () => {
	test.each([
		['src/live/chat.ts', 'chat'],
		['src/live/chat.js', 'chat'],
		['src/live/rooms/lobby.ts', 'rooms/lobby'],
		['src/live/chat.live.ts', 'chat'],
		['src/lib/board.live.ts', 'lib/board'],
		['src/lib/board.live.js', 'lib/board'],
		['src/routes/shop/[id]/cart.live.ts', 'routes/shop/[id]/cart'],
		['src/board.live.ts', 'board']
	])('of %s is %s', (file, id) => {
		expect(moduleIdOf(`/app/${file}`, tree)).toBe(id);
		expect(MAYBE_LIVE.test(`/app/${file}`)).toBe(true);
		expect(MAYBE_LIVE.test(`/app/${file}?t=1`)).toBe(true);
	});

	test.each([
		'src/lib/board.ts',
		'src/lib/live/board.ts',
		'src/lib/olive.ts',
		'src/hooks.live.ts',
		'src/hooks.live.js',
		'src/live/chat.test.ts',
		'src/live/types.d.ts',
		'src/live/notes.md',
		'other/board.live.ts',
		'node_modules/x/board.live.ts'
	])('does not exist for %s', (file) => {
		expect(moduleIdOf(`/app/${file}`, tree)).toBeNull();
	});
});

test('the configuration is known by its place', () => {
	expect(isConfigFile('/app/src/hooks.live.ts', tree)).toBe(true);
	expect(isConfigFile('/app/src/lib/hooks.live.ts', tree)).toBe(false);
	expect(moduleIdOf('/app/src/lib/hooks.live.ts', tree)).toBe('lib/hooks');
});

describe('a place that the browser cannot import from', () => {
	test.each([
		'src/lib/server/board.live.ts',
		'src/live/server/board.ts',
		'src/lib/board.server.live.ts',
		'src/live/server.ts'
	])('%s is explained', (file) => {
		expect(serverOnlyProblem(`/app/${file}`, tree)).toMatch(`${file} is a live module whose path`);
	});

	test.each(['src/lib/observer.live.ts', 'src/lib/servers/board.live.ts', 'src/routes/server/a.live.ts'])(
		'%s is none',
		(file) => {
			expect(serverOnlyProblem(`/app/${file}`, tree)).toBeNull();
		}
	);
});

test('$live names a module below src/live, with or without its extension', () => {
	expect(liveAliasTargets('$live/rooms/lobby', tree)).toContain('/app/src/live/rooms/lobby.ts');
	expect(liveAliasTargets('$live/board', tree)).toContain('/app/src/live/board.live.ts');
	expect(liveAliasTargets('$live/board.ts', tree)).toEqual(['/app/src/live/board.ts', '/app/src/live/board.ts']);
	expect(liveAliasTargets('$live/board.js', tree)).toContain('/app/src/live/board.ts');
});

test("an id of Vite's loses its query", () => {
	expect(cleanId('/app/src/a.live.ts?t=1&x')).toBe('/app/src/a.live.ts');
});
