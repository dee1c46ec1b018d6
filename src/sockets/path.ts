// Paths of endpoints, written as SvelteKit's routes are: `/rooms/[room]`, `/files/[...rest]`. Invariant: a path that was sent is
// decoded once, segment by segment, so that no encoded slash makes it another path.

type NameOf<Segment extends string> = Segment extends `[...${infer Name}]`
	? Name
	: Segment extends `[${infer Name}]`
		? Name
		: never;

type NamesIn<Path extends string> = Path extends `${infer First}/${infer Rest}`
	? NameOf<First> | NamesIn<Rest>
	: NameOf<Path>;

/** The parameters of a path: `{ room: string }` for `/rooms/[room]`. */
export type SocketParams<Path extends string> = string extends Path
	? Readonly<Record<string, string>>
	: { readonly [Name in NamesIn<Path>]: string };

/** rest: what is left, slashes and all; may be empty. */
type Segment = { readonly kind: 'fixed' | 'param' | 'rest'; readonly name: string };

const PARAM = /^\[(\.\.\.)?([a-z]\w*)\]$/i;
const RANK = { fixed: 0, param: 1, rest: 2 };

export class PathPattern {
	readonly text: string;
	readonly #segments: readonly Segment[];

	/** @throws {TypeError} where it is no such path */
	constructor(text: string) {
		this.text = text;
		if (!text.startsWith('/') || text === '/' || /[?#]/.test(text)) throw wrong(text, 'must be a path below "/"');
		this.#segments = text
			.slice(1)
			.split('/')
			.map((segment) => segmentOf(segment, text));
		const names = this.#segments.filter(({ kind }) => kind !== 'fixed').map(({ name }) => name);
		if (new Set(names).size < names.length) throw wrong(text, 'has two parameters of one name');
		if (this.#segments.slice(0, -1).some(({ kind }) => kind === 'rest'))
			throw wrong(text, 'goes on after its rest');
	}

	/** The same for paths that match the same: parameters lose their names. */
	get shape(): string {
		return this.#segments.map(({ kind, name }) => (kind === 'fixed' ? `/${name}` : `/[${kind}]`)).join('');
	}

	/** The parameters in a path as it was sent; null where it is another path. */
	match(path: string): Record<string, string> | null {
		const parts = decoded(path);
		if (parts === null) return null;
		const params = Object.create(null) as Record<string, string>;
		for (const [index, { kind, name }] of this.#segments.entries()) {
			const part = parts[index];
			if (kind === 'rest') params[name] = parts.slice(index).join('/');
			else if (part === undefined || (kind === 'fixed' ? part !== name : part === '')) return null;
			else if (kind === 'param') params[name] = part;
		}
		const takesAll = this.#segments.at(-1)?.kind === 'rest' || parts.length === this.#segments.length;
		return takesAll ? params : null;
	}

	/** Below 0 where this one is asked first: fixed segments before parameters, those before a rest. */
	compare(other: PathPattern): number {
		for (const [index, { kind }] of this.#segments.entries()) {
			const second = other.#segments[index];
			const difference = second === undefined ? -1 : RANK[kind] - RANK[second.kind];
			if (difference !== 0) return difference;
		}
		return this.#segments.length - other.#segments.length;
	}
}

function segmentOf(segment: string, text: string): Segment {
	const [, dots, name] = PARAM.exec(segment) ?? [];
	if (name !== undefined) return { kind: dots === undefined ? 'param' : 'rest', name };
	if (segment === '' || /[[\]]/.test(segment)) throw wrong(text, 'has a segment that is neither text nor "[name]"');
	return { kind: 'fixed', name: segment };
}

/** Null where a percent sign stands for nothing. */
function decoded(path: string): string[] | null {
	try {
		return path.slice(1).split('/').map(decodeURIComponent);
	} catch {
		return null;
	}
}

const wrong = (text: string, why: string): TypeError =>
	new TypeError(`tidewire: the path "${text}" of a socket ${why}`);
