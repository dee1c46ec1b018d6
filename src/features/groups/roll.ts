// Who is in the groups of one definition, and by way of which process: so that somebody tells of those whose process was
// killed. Invariant: of a killed process's entry only that process tells which took it away.

import type { Timer } from '../../base/clock.ts';
import type { TopicName } from '../../protocol/topic.ts';
import { encodeValue } from '../../protocol/value.ts';
import type { Service, ServiceHost } from '../../server/service.ts';
import { decodeText } from '../shared/row.ts';
import type { Member } from './members.ts';

/** A member, and what the group is known by that it is in. */
export interface Enrolled {
	readonly topic: TopicName;
	readonly args: readonly unknown[];
	readonly member: Member;
}

const RETRY_MS = 1_000;

export class Roll implements Service {
	readonly #host: ServiceHost;
	/** What the store knows it by. */
	readonly #name: string;
	readonly #tell: (left: Enrolled) => void;
	readonly #unlisten: () => void;
	/** Whether this process is in the list of those that may have entries. */
	#isListed = false;
	/** Settles with the look that is under way. */
	#looking: Promise<void> = Promise.resolve();
	#retry: Timer | null = null;
	#stopped = false;

	/** @param tell told of those whose process was killed */
	constructor(path: string, host: ServiceHost, tell: (left: Enrolled) => void) {
		this.#host = host;
		this.#name = `group-members/${path}`;
		this.#tell = tell;
		this.#unlisten = host.process.roster.listen({
			gone: () => this.#look(),
			returned: () => (this.#isListed = false) // the others may have taken it off the list
		});
		this.#look(); // there may have been nobody left to do it
	}

	/**
	 * Where what is known of a member cannot be written down, that is reported, and nobody will tell of it.
	 * @throws {LiveError} UNAVAILABLE where the store cannot be reached
	 */
	async enter({ topic, args, member }: Enrolled): Promise<void> {
		const { backplane, process, onError } = this.#host;
		let value: string;
		try {
			value = encodeValue({ topic, args, member } satisfies Enrolled);
		} catch (error) {
			return onError('', error, null);
		}
		const { id } = process.roster;
		if (!this.#isListed) await backplane.store.enter(this.#name, { member: id, value: '' }, null);
		this.#isListed = true;
		await backplane.store.enter(this.#groupOf(id), { member: nameOf(topic, member.connection), value }, null);
	}

	/** @throws {LiveError} UNAVAILABLE where the store cannot be reached */
	async leave(topic: TopicName, connection: string): Promise<void> {
		const { backplane, process } = this.#host;
		await backplane.store.leave(this.#groupOf(process.roster.id), nameOf(topic, connection));
	}

	async stop(): Promise<boolean> {
		this.#stopped = true;
		this.#unlisten();
		await this.#looking; // who has taken an entry away tells of it
		this.#host.clock.clearTimer(this.#retry);
		return true;
	}

	#groupOf(process: string): string {
		return `${this.#name} ${process}`;
	}

	#look(): void {
		const { clock, onError } = this.#host;
		clock.clearTimer(this.#retry);
		this.#looking = this.#looking
			.then(() => this.#tellOfKilled())
			.catch((error: unknown) => {
				onError('', error, null);
				this.#retry = clock.setTimer(() => this.#look(), RETRY_MS);
			});
	}

	async #tellOfKilled(): Promise<void> {
		const { store } = this.#host.backplane;
		for (const { member: process } of await store.members(this.#name)) {
			if (await this.#host.process.roster.isAlive(process)) continue;
			for (const { member, value } of await store.members(this.#groupOf(process))) {
				if (this.#stopped) return; // others have the time for it
				if (await store.leave(this.#groupOf(process), member)) this.#tell(decodeText(value) as Enrolled);
			}
			await store.leave(this.#name, process);
		}
	}
}

/** Names of connections have no blank. */
const nameOf = (topic: TopicName, connection: string): string => `${connection} ${topic}`;
