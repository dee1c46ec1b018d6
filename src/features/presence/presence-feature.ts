// All lists of who is present in one server, by topic.

import type { TopicName } from '../../protocol/topic.ts';
import type { Feature } from '../../server/features.ts';
import type { ServerParts } from '../../server/server-parts.ts';
import { PresenceList, type ListRules } from './presence-list.ts';

export class PresenceFeature implements Feature {
	readonly #parts: ServerParts;
	readonly #lists = new Map<TopicName, PresenceList>();
	readonly #unlisten: () => void;

	constructor(parts: ServerParts) {
		this.#parts = parts;
		this.#unlisten = parts.process.roster.listen({
			gone: (processes) => this.#each((list) => list.gone(processes)),
			returned: () => this.#each((list) => list.resync())
		});
	}

	/** The list of a topic, which is opened by whoever asks for it. */
	list(topic: TopicName, args: readonly unknown[], rules: ListRules): PresenceList {
		let list = this.#lists.get(topic);
		if (list === undefined) {
			const onIdle = (): void => void this.#lists.delete(topic);
			list = new PresenceList({ parts: this.#parts, topic, args, rules, onIdle });
			this.#lists.set(topic, list);
		}
		return list;
	}

	backplaneBack(): void {
		this.#each((list) => list.resync());
	}

	async stop(): Promise<void> {
		this.#unlisten();
		await Promise.all([...this.#lists.values()].map((list) => list.stop()));
	}

	#each(run: (list: PresenceList) => void): void {
		for (const list of this.#lists.values()) run(list);
	}
}

export const makePresence = (parts: ServerParts): PresenceFeature => new PresenceFeature(parts);
