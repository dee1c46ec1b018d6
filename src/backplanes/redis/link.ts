// Everything that a process has open to Redis: where it sends commands, and where it hears channels. Invariant: a link is
// lost as a whole, with the first connection of it.

import { reasonOf, type OpenWire, type Wire, type WireEvents } from './wire.ts';

export interface Link {
	/** The command that reaches whoever is subscribed over such a link. */
	readonly publish: 'PUBLISH' | 'SPUBLISH';
	/** @param key decides which server of a Cluster is asked */
	send(command: readonly string[], key: string): Promise<unknown>;
	/** Makes a script known to every server that is asked. */
	load(source: string): Promise<void>;
	/** Resolves when everything that is published from now on is heard. */
	subscribe(channels: readonly string[]): Promise<void>;
	unsubscribe(channel: string): void;
	/** Rejects where a connection does not answer, or where it is not to the right server any more. */
	ping(): Promise<void>;
	close(): void;
}

/** Connects. Rejects where it cannot; then nothing stays open. */
export type OpenLink = (events: WireEvents) => Promise<Link>;

/** One server, or the master that Sentinel names: a connection for commands, and one that hears channels. */
export async function openPair(open: OpenWire, events: WireEvents): Promise<Link> {
	const [commands, channels] = await openAll([open, open], events);
	const close = (): void => [commands, channels].forEach((wire) => wire?.close());
	if (!commands || !channels) throw new Error('two connections are needed');
	try {
		await versionOf(commands.send);
	} catch (error) {
		close();
		throw error;
	}
	return {
		publish: 'PUBLISH',
		send: (command) => commands.send(command),
		load: async (source) => void (await commands.send(['SCRIPT', 'LOAD', source])),
		subscribe: (names) => channels.subscribe(names, false),
		unsubscribe: (name) => channels.unsubscribe(name, false),
		ping: async () => void (await Promise.all([commands.send(['PING']), channels.send(['PING'])])),
		close
	};
}

/** Opens all or none. */
export async function openAll(opens: readonly OpenWire[], events: WireEvents): Promise<Wire[]> {
	const opened = await Promise.allSettled(opens.map((open) => open(events)));
	const failed = opened.find((wire) => wire.status === 'rejected');
	const wires = opened.flatMap((wire) => (wire.status === 'fulfilled' ? [wire.value] : []));
	if (failed === undefined) return wires;
	for (const wire of wires) wire.close();
	throw new Error(reasonOf(failed.reason));
}

/** @throws where it is too old */
export async function versionOf(send: Wire['send']): Promise<number> {
	const [, major = '0', minor = '0'] =
		/redis_version:(\d+)\.(\d+)/.exec(String(await send(['INFO', 'server']))) ?? [];
	const version = Number(major) + Number(minor) / 100;
	if (version < 6.02) throw new Error(`version 6.2 or later is needed, this is ${major}.${minor}`);
	return version;
}
