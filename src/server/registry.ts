// Every live function of the application by its path. Looked up by exact string in a Map, so that no path from the
// network reaches anything that was not registered. A module is replaced as a whole or not at all.

import { definitionOf, withMembers, type Definition, type Guard, type Middleware } from './definition.ts';
import { homeOf, type ServiceDefinition } from './service.ts';

/** The export of a module whose guards run before all its functions. */
const MODULE_GUARD = '_guard';

export interface Registered {
	readonly path: string;
	readonly definition: Exclude<Definition, { kind: 'guard' | 'service' }>;
	/** The guards of its module, in order. */
	readonly guards: readonly Guard[];
}

interface LiveModule {
	readonly functions: readonly Registered[];
	/** What runs by itself, by the path of the export. */
	readonly services: ReadonlyMap<string, ServiceDefinition>;
	readonly middleware: readonly Middleware[];
}

export class Registry {
	readonly #modules = new Map<string, LiveModule>();
	#byPath = new Map<string, Registered>();
	#middleware: readonly Middleware[] = [];
	/** Told when a module was added, replaced or removed. */
	onChange: (() => void) | null = null;

	/**
	 * Adds a module, or replaces it. Keeps the former one when this throws.
	 * @param moduleId for example `lib/board`
	 * @throws {Error} where an export is no live definition
	 */
	register(moduleId: string, exports: Record<string, unknown>, middleware: readonly Middleware[] = []): void {
		const definitions = definitionsOf(moduleId, withMembers(exports));
		const functions = functionsOf(moduleId, definitions);
		this.#modules.set(moduleId, { functions, services: servicesOf(moduleId, definitions), middleware });
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

	/** What runs by itself, by the path that it runs under: once, however many exports show it. */
	get services(): ReadonlyMap<string, ServiceDefinition> {
		const all = [...this.#modules.values()].flatMap(({ services }) =>
			[...services].map(([path, service]) => ({ path, service, home: homeOf(service, path) }))
		);
		// Its own export comes last, and so counts where another shows one of an earlier version of the module.
		const inOrder = [
			...all.filter(({ path, home }) => path !== home),
			...all.filter(({ path, home }) => path === home)
		];
		return new Map(inOrder.map(({ service, home }) => [home, service]));
	}

	paths(): string[] {
		return [...this.#byPath.keys()];
	}

	#index(): void {
		const modules = [...this.#modules.values()];
		this.#byPath = new Map(modules.flatMap(({ functions }) => functions.map((entry) => [entry.path, entry])));
		this.#middleware = modules.flatMap((module) => module.middleware);
		this.onChange?.();
	}
}

interface Named {
	readonly name: string;
	readonly definition: Definition;
}

function definitionsOf(moduleId: string, exports: Record<string, unknown>): Named[] {
	return Object.entries(exports).map(([name, value]) => ({ name, definition: checked(moduleId, name, value) }));
}

function functionsOf(moduleId: string, definitions: readonly Named[]): Registered[] {
	const guards = definitions.flatMap(({ name, definition }) =>
		definition.kind === 'guard' && name === MODULE_GUARD ? definition.guards : []
	);
	return definitions.flatMap(({ name, definition }) =>
		definition.kind === 'guard' || definition.kind === 'service'
			? []
			: [{ path: `${moduleId}/${name}`, definition, guards }]
	);
}

function servicesOf(moduleId: string, definitions: readonly Named[]): Map<string, ServiceDefinition> {
	const services = new Map<string, ServiceDefinition>();
	for (const { name, definition } of definitions) {
		const service = definition.kind === 'stream' ? definition.service : definition;
		if (service?.kind === 'service') services.set(`${moduleId}/${name}`, service);
	}
	return services;
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
