// Every live function of the application by its path. Looked up by exact string in a Map, so that no path from the
// network reaches anything that was not registered. A module is replaced as a whole or not at all.

import { definitionOf, type Definition, type Guard, type Middleware } from './definition.ts';

/** The export of a module whose guards run before all its functions. */
const MODULE_GUARD = '_guard';

export interface Registered {
	readonly path: string;
	readonly definition: Exclude<Definition, { kind: 'guard' }>;
	/** The guards of its module, in order. */
	readonly guards: readonly Guard[];
}

interface LiveModule {
	readonly functions: readonly Registered[];
	readonly middleware: readonly Middleware[];
}

export class Registry {
	readonly #modules = new Map<string, LiveModule>();
	#byPath = new Map<string, Registered>();
	#middleware: readonly Middleware[] = [];

	/**
	 * Adds a module, or replaces it. Keeps the former one when this throws.
	 * @param moduleId for example `lib/board`
	 * @throws {Error} where an export is no live definition
	 */
	register(moduleId: string, exports: Record<string, unknown>, middleware: readonly Middleware[] = []): void {
		this.#modules.set(moduleId, { functions: functionsOf(moduleId, exports), middleware });
		this.#index();
	}

	remove(moduleId: string): void {
		this.#modules.delete(moduleId);
		this.#index();
	}

	get(path: string): Registered | undefined {
		return this.#byPath.get(path);
	}

	/** All middleware, in the order in which its modules were registered. */
	get middleware(): readonly Middleware[] {
		return this.#middleware;
	}

	paths(): string[] {
		return [...this.#byPath.keys()];
	}

	#index(): void {
		const modules = [...this.#modules.values()];
		this.#byPath = new Map(modules.flatMap(({ functions }) => functions.map((entry) => [entry.path, entry])));
		this.#middleware = modules.flatMap((module) => module.middleware);
	}
}

function functionsOf(moduleId: string, exports: Record<string, unknown>): Registered[] {
	const entries = Object.entries(exports).map(([name, value]) => ({
		name,
		definition: checked(moduleId, name, value)
	}));
	const guards = entries.flatMap(({ name, definition }) =>
		definition.kind === 'guard' && name === MODULE_GUARD ? definition.guards : []
	);
	return entries.flatMap(({ name, definition }) =>
		definition.kind === 'guard' ? [] : [{ path: `${moduleId}/${name}`, definition, guards }]
	);
}

function checked(moduleId: string, name: string, value: unknown): Definition {
	const definition = definitionOf(value);
	if (definition === undefined) {
		throw new Error(
			`live module "${moduleId}": the export "${name}" is not a live definition; wrap it in live(), live.stream() or a ` +
				`relative of them, or move it to another file`
		);
	}
	if (definition.kind !== 'guard' && name === MODULE_GUARD) {
		throw new Error(
			`live module "${moduleId}": "${MODULE_GUARD}" must be made by guard(), or the module has no guard`
		);
	}
	if (definition.kind === 'guard' && name !== MODULE_GUARD) {
		throw new Error(`live module "${moduleId}": a guard must be exported as "${MODULE_GUARD}", not as "${name}"`);
	}
	return definition;
}
