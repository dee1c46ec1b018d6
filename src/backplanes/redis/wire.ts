// What we need of a client library. A wire is one connection to one server, made with settings of our own: it is used until
// it is lost, then never again. So nothing is sent twice, nothing waits in a queue that we do not see, and no library decides
// when to subscribe again.

export interface Wire {
	readonly send: (command: readonly string[]) => Promise<unknown>;
	/** Resolves when everything that is published from now on is heard. @param sharded whether by `SPUBLISH` */
	subscribe(channels: readonly string[], sharded: boolean): Promise<void>;
	unsubscribe(channel: string, sharded: boolean): void;
	close(): void;
}

export interface WireEvents {
	onMessage(channel: string, text: string): void;
	/** A connection was lost. May be called more than once, and after `close`. */
	onLost(reason: string): void;
}

/** Connects. Rejects where it cannot; then nothing stays open. */
export type OpenWire = (events: WireEvents) => Promise<Wire>;

/** Commands for all servers of a Cluster. */
export interface ClusterWire {
	/** @param key decides which server is asked */
	send(command: readonly string[], key: string): Promise<unknown>;
	/** The servers that may be written to. */
	masters(): Promise<ClusterMaster[]>;
	close(): void;
}

export interface ClusterMaster {
	readonly send: (command: readonly string[]) => Promise<unknown>;
	/** Opens one more connection to it. */
	readonly open: OpenWire;
}

export type OpenCluster = (events: Pick<WireEvents, 'onLost'>) => Promise<ClusterWire>;

/** Only the message of an error: libraries attach the command to theirs, and with it the password. */
export function reasonOf(error: unknown): string {
	const message = error instanceof Error ? error.message : String(error);
	return (message || 'no reason given').replaceAll(/\/\/[^/@\s]*@/g, '//');
}
