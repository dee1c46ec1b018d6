import { parseSync } from 'vite';
import { describe, expect, test } from 'vitest';
import { listExports } from './exports.ts';

function list(code: string) {
	return listExports(parseSync('board.live.js', code).program, (message, position) => {
		throw new Error(`${position}: ${message}`);
	});
}

const importing = (names: string, code: string) => `import { ${names} } from 'tidewire/server';\n${code}`;

describe('the exports of a live module', () => {
	test.each([
		['live(async () => 1)', 'call'],
		['live.validated(schema, async () => 1)', 'call'],
		['live.query(() => 1)', 'query'],
		['live.idempotent(schema, () => 1, { keepMs: 1 })', 'idempotent'],
		['live.binary(take, { maxSize: 1 })', 'binary'],
		['live.upload([schema], take)', 'upload'],
		['live.generate(async function* () {})', 'generate'],
		['live.download(read)', 'download'],
		['live.volatile(point)', 'volatile'],
		["live.stream('topic', () => [])", 'stream'],
		["live.channel('topic')", 'stream'],
		["live.channel()('topic')", 'stream'],
		["live.derived(['topic'], f)", 'stream'],
		["live.aggregate('topic', {})", 'stream'],
		["live.cron('* * * * *', f)", 'service'],
		["live.effect(['topic'], f)", 'service']
	])('%s is a %s', (code, stub) => {
		expect(list(importing('live', `export const it = ${code};`))).toEqual([{ name: 'it', stub }]);
	});

	test.each([
		["live.stream('topic', load, { version: 3, migrate: {} })", 3],
		["live.stream('topic', load, { 'version': 3 })", 3],
		["live.stream('topic', load, { merge: 'crud' })", undefined],
		["live.stream('topic', load)", undefined],
		["live.stream('topic', load, { ...shared, ['version']: other })", undefined],
		["live.stream('topic', load, options)", 5],
		["live.channel('topic', { version: 2 })", 2],
		["live.channel()('topic', { version: 2 })", 2],
		["pipe(live.stream('topic', load, { version: 4 }), pipe.limit(3))", 4],
		['live.gate(isOpen, pipe(versioned, f))', 6]
	])('%s has the version %s', (code, version) => {
		const before =
			"const load = () => [], options = { version: 5 }, versioned = live.stream('t', load, { version: 6 });";
		const [, it] = ['', ...list(importing('live, pipe', `${before}\nexport const it = ${code};`))];
		expect(it?.version).toBe(version);
	});

	test.each(['VERSION', '1 + 1', '"3"', '0', '1.5', 'undefined', '-1'])('a version cannot be %s', (version) => {
		const code = `const VERSION = 3;\nexport const it = live.stream('t', f, { version: ${version} });`;
		expect(() => list(importing('live', code))).toThrow(
			/^\d+: the "version" of a stream must be written as a number, 1 or more/
		);
	});

	test('a guard has no stub', () => {
		const code = importing(
			'live, guard',
			'export const _guard = guard(check);\nexport const ping = live(() => 1);'
		);
		expect(list(code)).toEqual([
			{ name: '_guard', stub: null },
			{ name: 'ping', stub: 'call' }
		]);
	});

	test('an import under another name is recognised', () => {
		const code = importing('live as l, guard as g', 'export const a = l.stream([], load), _guard = g(check);');
		expect(list(code).map(({ stub }) => stub)).toEqual(['stream', null]);
		expect(list("import * as tide from 'tidewire/server'; export const a = tide.live.query(f);")).toEqual([
			{ name: 'a', stub: 'query' }
		]);
	});

	test('a pipe is what its first argument is', () => {
		const code = importing('live, pipe', 'const all = live.stream([], f);\nexport const some = pipe(all, filter);');
		expect(list(code)).toEqual([{ name: 'some', stub: 'stream' }]);
		expect(list(importing('live, pipe', 'export const some = pipe(live.query(f), g);'))).toEqual([
			{ name: 'some', stub: 'query' }
		]);
	});

	test('what is wrapped by a limit, a lock or a gate is what it is inside, and of a plain function a call', () => {
		const wrapped = `
			const query = live.query(f);
			function plain() {}
			export const a = live.rateLimit(limit, () => 1);
			export const b = live.rateLimit(limit, query);
			export const c = live.lock('name', plain, { waitMs: 1 });
			export const d = live.rateLimit(limit, live.lock('name', live.stream([], f)));
			export const e = live.gate(is, live.channel('c'));
		`;
		expect(list(importing('live', wrapped)).map(({ stub }) => stub)).toEqual([
			'call',
			'query',
			'call',
			'stream',
			'stream'
		]);
		for (const unknown of ['live.rateLimit(limit, imported)', 'live.gate(is, () => 1)', 'live.lock("name")'])
			expect(() => list(importing('live', `export const a = ${unknown};`))).toThrow(/"a" is not a live/);
	});

	test('what is not exported is the own business of the module', () => {
		expect(list(importing('live', 'const secret = 1; function helper() {} live.middleware(helper);'))).toEqual([]);
	});

	test('what TypeScript leaves of exported types is nothing', () => {
		expect(list('export {};')).toEqual([]);
	});
});

describe('refused with the name and what to do about it', () => {
	test.each([
		[
			'a constant',
			'export const limit = 10;',
			/the export "limit" is not a live definition.* move "limit" to another file/
		],
		['a function', 'export function helper() {}', /the export "helper" is not a live definition/],
		['a class', 'export class Store {}', /the export "Store" is not a live definition/],
		['a default export', 'export default live(() => 1);', /no default export/],
		[
			'a list of names',
			'const a = live(() => 1); export { a, a as b };',
			/"a", "b" must be written where it is defined/
		],
		['a re-export', "export { a } from './other';", /"a" must be written where it is defined/],
		['everything of another module', "export * from './other';", /no `export \*/],
		['a pattern', 'export const { a } = live(() => 1);', /no destructured names/],
		['a let', 'export let a = live(() => 1);', /"a" must be a `const`, not a `let`/],
		['no value', 'export var a;', /"a" must be a `const`/],
		['a computed member', "export const a = live['stream']();", /"a" is not a live definition/],
		['a member that tidewire has not', 'export const a = live.rpc();', /"a" is not a live definition/],
		['a method of Object', 'export const a = live.constructor();', /"a" is not a live definition/],
		['a pipe of nothing', 'export const a = pipe();', /"a" is not a live definition/],
		["a wrapper of one's own", 'export const a = wrap(live(() => 1));', /"a" is not a live definition/]
	])('%s', (_title, code, message) => {
		expect(() => list(importing('live, pipe', code))).toThrow(message);
	});

	test('a function of the same name from somewhere else', () => {
		expect(() => list("import { live } from './mine'; export const a = live(() => 1);")).toThrow(
			/"a" is not a live/
		);
	});

	test('with the place in the source', () => {
		expect(() => list('const a = 1;\nexport const limit = 10;')).toThrow(/^26: /);
	});
});
