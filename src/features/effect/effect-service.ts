// An effect of this process: whoever has its lease handles the events of its topics, each topic in order.

import type { TopicName } from '../../protocol/topic.ts';
import type { Service, ServiceHost } from '../../server/service.ts';
import { Leader } from '../shared/leader.ts';
import { topicsOf } from '../shared/source.ts';
import { StartingPoints } from '../shared/starting-points.ts';
import type { Term } from '../shared/term.ts';
import { EffectTopic } from './effect-topic.ts';
import type { EffectPlan } from './plan.ts';

export class EffectService implements Service {
	readonly ready: Promise<unknown>;
	readonly #path: string;
	readonly #host: ServiceHost;
	readonly #plan: EffectPlan;
	readonly #topics: readonly TopicName[];
	readonly #starts: StartingPoints;
	readonly #leader: Leader;

	constructor(path: string, host: ServiceHost, plan: EffectPlan) {
		this.#path = path;
		this.#host = host;
		this.#plan = plan;
		this.#topics = topicsOf(plan.sources);
		this.#starts = new StartingPoints(host.backplane, this.#topics);
		this.ready = this.#starts.known;
		this.#leader = new Leader({
			name: `effect ${path}`,
			leases: host.process.leases,
			clock: host.clock,
			lead: (term) => this.#lead(term),
			onError: (error) => host.onError(path, error, null)
		});
		this.#leader.start();
	}

	stop(hurry: AbortSignal): Promise<boolean> {
		return this.#leader.stop(hurry);
	}

	async #lead(term: Term): Promise<void> {
		await this.ready;
		const parts = { path: this.#path, host: this.#host, plan: this.#plan, term };
		const topics = this.#topics.map((topic) => {
			return new EffectTopic({ ...parts, topic, start: this.#starts.of(topic) });
		});
		try {
			await Promise.all(topics.map((topic) => topic.takeOver()));
			await Promise.all(topics.map((topic) => topic.follow()));
		} finally {
			for (const topic of topics) topic.end();
		}
	}
}
