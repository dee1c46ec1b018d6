// What a server has at this moment. Counted when it is asked for, so that nothing is kept up to date for nobody.

import type { LiveConnection } from './live-connection.ts';
import type { Gauges } from './observer.ts';
import type { ServerParts } from './server-parts.ts';

/** What is counted. */
export interface CountedServer {
	readonly connections: ReadonlySet<LiveConnection>;
	readonly topicCount: number;
	readonly isBackplaneThere: boolean;
}

/** No key of an application or of tidewire: there is never anything. */
const PROBE = 'probe';

export class ServerGauges implements Gauges {
	readonly #parts: Pick<ServerParts, 'hub' | 'backplane' | 'clock'>;
	readonly #server: CountedServer;

	constructor(parts: Pick<ServerParts, 'hub' | 'backplane' | 'clock'>, server: CountedServer) {
		this.#parts = parts;
		this.#server = server;
	}

	get connections(): number {
		return this.#server.connections.size;
	}

	get topics(): number {
		return this.#server.topicCount;
	}

	get queuedBytes(): number {
		return this.#sum(({ queuedBytes }) => queuedBytes);
	}

	get pendingCalls(): number {
		return this.#sum(({ pendingCalls }) => pendingCalls);
	}

	get missingEvents(): number {
		let sum = 0;
		for (const { missing } of this.#parts.hub.topics) sum += missing;
		return sum;
	}

	get available(): boolean {
		return this.#server.isBackplaneThere;
	}

	async roundTripMs(): Promise<number | null> {
		const { backplane, clock } = this.#parts;
		const beganMs = clock.now();
		try {
			await backplane.store.get(PROBE);
			return clock.now() - beganMs;
		} catch {
			return null;
		}
	}

	#sum(of: (connection: LiveConnection) => number): number {
		let sum = 0;
		for (const connection of this.#server.connections) sum += of(connection);
		return sum;
	}
}
