// A job of this process: whoever has its lease begins the runs.

import type { Service, ServiceHost } from '../../server/service.ts';
import { Leader } from '../shared/leader.ts';
import type { Term } from '../shared/term.ts';
import { CronTerm } from './cron-term.ts';
import { reportCron } from './on-cron-error.ts';
import type { CronPlan } from './plan.ts';

export class CronService implements Service {
	readonly #leader: Leader;

	constructor(path: string, host: ServiceHost, plan: CronPlan) {
		const beganMs = host.clock.wallTime();
		this.#leader = new Leader({
			name: `cron ${path}`,
			leases: host.process.leases,
			clock: host.clock,
			lead: (term: Term) => new CronTerm({ path, host, plan, term, beganMs }).lead(),
			onError: (error) => reportCron(host, path, error, null)
		});
		this.#leader.start();
	}

	stop(hurry: AbortSignal): Promise<boolean> {
		return this.#leader.stop(hurry);
	}
}
