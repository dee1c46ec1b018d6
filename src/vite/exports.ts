// Reads what a live module exports from its syntax tree, without running it. Invariant: a module is understood completely
// or refused; no export reaches the browser as anything but a stub.

import type { ESTree } from 'vite';
import { versionIn, type Refuse } from './stream-version.ts';

/** What the browser gets for an export; null where it gets nothing. */
type StubKind =
	| 'call'
	| 'query'
	| 'idempotent'
	| 'binary'
	| 'upload'
	| 'generate'
	| 'download'
	| 'volatile'
	| 'stream'
	| 'service'
	| RoomStub
	| null;

/** What people share. */
type RoomStub = 'presence' | 'cursors' | 'room' | 'group';

export interface LiveExport {
	name: string;
	stub: StubKind;
	/** Of a stream that says one. */
	version?: number;
}

const PACKAGE = 'tidewire/server';

/** What each function of `tidewire/server` makes. New kinds of definition get their row here. */
const STUB_BY_CALLEE = new Map<string, StubKind>([
	['live', 'call'],
	['live.validated', 'call'],
	['live.query', 'query'],
	['live.idempotent', 'idempotent'],
	['live.binary', 'binary'],
	['live.upload', 'upload'],
	['live.generate', 'generate'],
	['live.download', 'download'],
	['live.volatile', 'volatile'],
	['live.stream', 'stream'],
	['live.channel', 'stream'],
	['live.presence', 'presence'],
	['live.cursors', 'cursors'],
	['live.room', 'room'],
	['live.group', 'group'],
	['live.gate', 'stream'],
	['live.signal', 'call'],
	['live.webhook', null],
	['live.derived', 'stream'],
	['live.aggregate', 'stream'],
	['live.cron', 'service'],
	['live.effect', 'service'],
	['guard', null]
]);

/** Functions that return what one of their arguments is: which one, counted from 0. */
const TRANSPARENT = new Map([
	['pipe', 0],
	['live.gate', 1],
	['live.rateLimit', 1],
	['live.priority', 1],
	['live.lock', 1]
]);
/** Those that make a call of a plain function. */
const WRAPS_FUNCTIONS = new Set(['live.rateLimit', 'live.priority', 'live.lock']);

const FORMS = '`export const name = live(…)`, `live.stream(…)` or another function of `live`';

/** Lists the exports of a module in JavaScript (its types are gone by then). */
export function listExports(program: ESTree.Program, refuse: Refuse): LiveExport[] {
	const module = new ModuleNames(program);
	return program.body.flatMap((node) => exportsOf(node, module, refuse));
}

function exportsOf(node: ESTree.Program['body'][number], module: ModuleNames, refuse: Refuse): LiveExport[] {
	switch (node.type) {
		case 'ExportDefaultDeclaration':
			return refuse(`a live module has no default export: use ${FORMS}`, node.start);
		case 'ExportAllDeclaration':
			return refuse('a live module exports only what it defines itself: no `export * from`', node.start);
		case 'ExportNamedDeclaration':
			return namedExports(node, module, refuse);
		default:
			return [];
	}
}

function namedExports(node: ESTree.ExportNamedDeclaration, module: ModuleNames, refuse: Refuse): LiveExport[] {
	const { declaration } = node;
	if (!declaration) {
		// TypeScript leaves `export {}` where only types were exported.
		if (node.specifiers.length === 0) return [];
		const names = node.specifiers.map(({ exported }) => ('name' in exported ? exported.name : exported.value));
		return refuse(`the export ${quoted(names)} must be written where it is defined: ${FORMS}`, node.start);
	}
	if (declaration.type !== 'VariableDeclaration') {
		const name = 'id' in declaration && declaration.id && 'name' in declaration.id ? declaration.id.name : '?';
		return refuse(notLive(name), node.start);
	}
	return declaration.declarations.map((declarator) => variable(declarator, declaration.kind, { module, refuse }));
}

interface Analysis {
	module: ModuleNames;
	refuse: Refuse;
}

function variable(declarator: ESTree.VariableDeclarator, keyword: string, { module, refuse }: Analysis): LiveExport {
	const { id, init, start } = declarator;
	if (id.type !== 'Identifier') return refuse(`a live module exports no destructured names: use ${FORMS}`, start);
	if (keyword !== 'const') return refuse(`the export "${id.name}" must be a \`const\`, not a \`${keyword}\``, start);
	const callee = init ? module.calleeOf(init) : undefined;
	const stub = callee === undefined ? undefined : STUB_BY_CALLEE.get(callee);
	if (stub === undefined) return refuse(notLive(id.name), start);
	const version = stub === 'stream' && init ? module.versionOf(init, refuse) : undefined;
	return version === undefined ? { name: id.name, stub } : { name: id.name, stub, version };
}

const quoted = (names: string[]): string => names.map((name) => `"${name}"`).join(', ');

function notLive(name: string): string {
	return (
		`the export "${name}" is not a live definition. Everything a live module exports can be called by any browser, so ` +
		`it may only be ${FORMS}; move "${name}" to another file and import it here`
	);
}

type Expression = NonNullable<ESTree.VariableDeclarator['init']>;

/** What names mean at the top level of a module. */
class ModuleNames {
	/** What `tidewire/server` calls a local name; `*` for the whole of it. */
	readonly #imported = new Map<string, string>();
	readonly #constants = new Map<string, Expression>();
	readonly #functions = new Set<string>();

	constructor(program: ESTree.Program) {
		for (const node of program.body) {
			if (node.type === 'ImportDeclaration' && node.source.value === PACKAGE) this.#import(node);
			if (node.type === 'VariableDeclaration') this.#declare(node);
			if (node.type === 'FunctionDeclaration' && node.id) this.#functions.add(node.id.name);
			if (node.type === 'ExportNamedDeclaration' && node.declaration?.type === 'VariableDeclaration') {
				this.#declare(node.declaration);
			}
		}
	}

	/** The dotted name of the function of `tidewire/server` that made a value; undefined where none did. */
	calleeOf(expression: Expression): string | undefined {
		if (expression.type !== 'CallExpression') return undefined;
		// `live.channel<Row>()(…)`: the first call only names a type.
		if (expression.callee.type === 'CallExpression') return this.calleeOf(expression.callee);
		const callee = this.#dotted(expression.callee);
		const index = callee === undefined ? undefined : TRANSPARENT.get(callee);
		if (callee === undefined || index === undefined) return callee;
		return this.#wrapped(expression.arguments[index], WRAPS_FUNCTIONS.has(callee) ? 'live' : undefined);
	}

	/** The version of the stream that a value is, or is made of. */
	versionOf(expression: Expression, refuse: Refuse): number | undefined {
		if (expression.type === 'Identifier') {
			const value = this.#constants.get(expression.name);
			return value && this.versionOf(value, refuse);
		}
		if (expression.type !== 'CallExpression') return undefined;
		const callee = expression.callee.type === 'Super' ? undefined : this.#dotted(expression.callee);
		const index = callee === undefined ? undefined : TRANSPARENT.get(callee);
		const argument = expression.arguments[index ?? expression.arguments.length - 1];
		if (!argument || argument.type === 'SpreadElement') return undefined;
		if (index !== undefined) return this.versionOf(argument, refuse);
		const options = argument.type === 'Identifier' ? this.#constants.get(argument.name) : argument;
		return options?.type === 'ObjectExpression' ? versionIn(options, refuse) : undefined;
	}

	#wrapped(argument: ESTree.CallExpression['arguments'][number] | undefined, plain: string | undefined) {
		if (!argument || argument.type === 'SpreadElement') return undefined;
		if (argument.type !== 'Identifier') return this.calleeOf(argument) ?? plain;
		if (this.#functions.has(argument.name)) return plain;
		const value = this.#constants.get(argument.name);
		return value && (this.calleeOf(value) ?? plain);
	}

	#import(node: ESTree.ImportDeclaration): void {
		for (const specifier of node.specifiers ?? []) {
			if (specifier.type === 'ImportNamespaceSpecifier') this.#imported.set(specifier.local.name, '*');
			if (specifier.type !== 'ImportSpecifier') continue;
			const { imported } = specifier;
			this.#imported.set(specifier.local.name, 'name' in imported ? imported.name : imported.value);
		}
	}

	#declare(node: ESTree.VariableDeclaration): void {
		for (const { id, init } of node.declarations) {
			if (id.type === 'Identifier' && init) this.#constants.set(id.name, init);
		}
	}

	#dotted(callee: ESTree.Expression | ESTree.Super): string | undefined {
		if (callee.type === 'Identifier') return this.#imported.get(callee.name);
		if (callee.type !== 'MemberExpression' || callee.computed || callee.property.type !== 'Identifier')
			return undefined;
		const owner = callee.object.type === 'Super' ? undefined : this.#dotted(callee.object);
		if (owner === undefined) return undefined;
		return owner === '*' ? callee.property.name : `${owner}.${callee.property.name}`;
	}
}
