import { describe, expect, expectTypeOf, test } from 'vitest';
import { PathPattern, type SocketParams } from './path.ts';

const match = (pattern: string, path: string) => {
	const params = new PathPattern(pattern).match(path);
	return params && { ...params };
};

describe('a path', () => {
	test('matches itself, segment by segment', () => {
		expect(match('/chat', '/chat')).toEqual({});
		expect(match('/chat', '/chat/')).toBeNull();
		expect(match('/chat', '/chats')).toBeNull();
		expect(match('/chat/all', '/chat')).toBeNull();
	});

	test('has parameters, decoded', () => {
		expect(match('/rooms/[room]', '/rooms/a%20b')).toEqual({ room: 'a b' });
		expect(match('/rooms/[room]', '/rooms/')).toBeNull();
		expect(match('/rooms/[room]', '/rooms/a/b')).toBeNull();
		expect(match('/rooms/[room]', '/rooms/%')).toBeNull();
	});

	test('is not made another one by an encoded slash', () => {
		expect(match('/rooms/[room]', '/rooms/a%2Fb')).toEqual({ room: 'a/b' });
		expect(match('/a/b', '/a%2Fb')).toBeNull();
	});

	test('may end with a rest, which may be empty', () => {
		expect(match('/files/[...path]', '/files/a/b')).toEqual({ path: 'a/b' });
		expect(match('/files/[...path]', '/files')).toEqual({ path: '' });
	});

	test('gives parameters no prototype to disturb', () => {
		expect(new PathPattern('/a/[constructor]').match('/a/x')?.['constructor']).toBe('x');
		expect('toString' in (new PathPattern('/a').match('/a') ?? {})).toBe(false);
	});

	test.each(['chat', '/', '/a//b', '/[]', '/[a-b]', '/[__proto__]', '/x[a]', '/[a]/[a]', '/[...a]/b', '/a?b'])(
		'%s is refused',
		(path) => {
			expect(() => new PathPattern(path)).toThrow('tidewire: the path');
		}
	);

	test('that is more exact is asked first', () => {
		const paths = ['/[...all]', '/a/[b]', '/[a]/b', '/a/b', '/a'];
		const sorted = paths.map((path) => new PathPattern(path)).toSorted((one, other) => one.compare(other));
		expect(sorted.map(({ text }) => text)).toEqual(['/a', '/a/b', '/a/[b]', '/[a]/b', '/[...all]']);
	});

	test('has the same shape as one that differs in names only', () => {
		expect(new PathPattern('/a/[b]').shape).toBe(new PathPattern('/a/[c]').shape);
		expect(new PathPattern('/a/[b]').shape).not.toBe(new PathPattern('/a/[...b]').shape);
	});

	test('has the types of its parameters', () => {
		expectTypeOf<SocketParams<'/rooms/[room]/[...rest]'>>().toEqualTypeOf<{
			readonly room: string;
			readonly rest: string;
		}>();
		expectTypeOf<SocketParams<string>>().toEqualTypeOf<Readonly<Record<string, string>>>();
	});
});
