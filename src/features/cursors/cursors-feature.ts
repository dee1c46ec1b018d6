// All cursors of one server, by topic, and which connections have some.

import { LiveError } from '../../base/errors.ts';
import type { TopicName } from '../../protocol/topic.ts';
import type { Feature } from '../../server/features.ts';
import { Pacer } from '../../server/pacer.ts';
import type { ServerParts } from '../../server/server-parts.ts';
import { Pointers, type Move } from './pointers.ts';

export class CursorsFeature implements Feature {
	readonly #parts: ServerParts;
	readonly #pacer: Pacer;
	readonly #pointers = new Map<TopicName, Pointers>();
	readonly #byConnection = new Map<string, Set<Pointers>>();
	readonly #unlisten: () => void;

	constructor(parts: ServerParts) {
		this.#parts = parts;
		this.#pacer = new Pacer(parts.clock);
		this.#unlisten = parts.process.roster.listen({
			gone: (processes) => this.#each((pointers) => pointers.gone(processes)),
			returned: () => this.#each((pointers) => pointers.resync())
		});
	}

	of(topic: TopicName): Pointers {
		let pointers = this.#pointers.get(topic);
		if (pointers === undefined) {
			const onIdle = (): void => void this.#pointers.delete(topic);
			pointers = new Pointers({ parts: this.#parts, topic, pacer: this.#pacer, onIdle });
			this.#pointers.set(topic, pointers);
		}
		return pointers;
	}

	/** @throws {LiveError} UNAVAILABLE where the backplane cannot be reached */
	async open(topic: TopicName): Promise<void> {
		await this.of(topic).open();
	}

	/** The topic is open. @throws {LiveError} TOO_MANY where a connection points in more topics than it may read */
	move(topic: TopicName, move: Move, everyMs: number): void {
		const pointers = this.of(topic);
		const own = this.#byConnection.get(move.connection) ?? new Set<Pointers>();
		const { streams } = this.#parts.limits;
		if (own.size >= streams && !own.has(pointers)) {
			throw new LiveError('TOO_MANY', `a connection has cursors in ${streams} topics; the limit is "streams"`);
		}
		if (move.text !== null) this.#byConnection.set(move.connection, own.add(pointers));
		pointers.move(move, everyMs);
	}

	/** A connection reads a topic no more. */
	exit(topic: TopicName, connection: string): void {
		const pointers = this.of(topic);
		pointers.exit();
		this.#end(pointers, connection);
	}

	connectionClosed(connection: string): void {
		for (const pointers of this.#byConnection.get(connection) ?? []) pointers.removeAll(connection);
		this.#byConnection.delete(connection);
	}

	backplaneBack(): void {
		this.#each((pointers) => pointers.resync());
	}

	async stop(): Promise<void> {
		this.#unlisten();
		this.#pacer.flush();
		await Promise.all([...this.#pointers.values()].map((pointers) => pointers.stop()));
	}

	#end(pointers: Pointers, connection: string): void {
		pointers.removeAll(connection);
		const own = this.#byConnection.get(connection);
		if (own?.delete(pointers) && own.size === 0) this.#byConnection.delete(connection);
	}

	#each(run: (pointers: Pointers) => void): void {
		for (const pointers of this.#pointers.values()) run(pointers);
	}
}

export const makeCursors = (parts: ServerParts): CursorsFeature => new CursorsFeature(parts);
