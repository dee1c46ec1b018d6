// An aggregate of this process: whoever has its lease reads the events.

import type { TopicName } from '../../protocol/topic.ts';
import type { Service, ServiceHost } from '../../server/service.ts';
import { Leader } from '../shared/leader.ts';
import { StartingPoints } from '../shared/starting-points.ts';
import type { Term } from '../shared/term.ts';
import { AggregateTerm } from './aggregate-term.ts';
import type { AggregatePlan } from './plan.ts';

export class AggregateService implements Service {
	readonly ready: Promise<unknown>;
	readonly #leader: Leader;

	constructor(path: string, host: ServiceHost, plan: AggregatePlan) {
		const topics: readonly TopicName[] = plan.sources();
		const starts = new StartingPoints(host.backplane, topics);
		this.ready = starts.known;
		const lead = async (term: Term): Promise<void> => {
			await starts.known;
			await new AggregateTerm({ path, host, plan, term, topics, starts }).lead();
		};
		this.#leader = new Leader({
			name: `aggregate ${path}`,
			leases: host.process.leases,
			clock: host.clock,
			lead,
			onError: (error) => host.onError(path, error, null)
		});
		this.#leader.start();
	}

	stop(hurry: AbortSignal): Promise<boolean> {
		return this.#leader.stop(hurry);
	}
}
