// The value of a derived stream for some arguments. Whoever has its lease computes it: at once, since it is not known what
// was published before, and then whenever one of its sources was published to.

import { backoffMs } from '../../base/backoff.ts';
import type { TopicName } from '../../protocol/topic.ts';
import type { ServiceHost } from '../../server/service.ts';
import type { Topic } from '../../server/topic.ts';
import { Bell } from '../shared/bell.ts';
import { runInTerm, serviceContext } from '../shared/context.ts';
import { Leader } from '../shared/leader.ts';
import { Listener } from '../shared/listener.ts';
import type { Term } from '../shared/term.ts';
import type { DerivedPlan } from './plan.ts';

export interface ComputationOptions {
	path: string;
	host: ServiceHost;
	plan: DerivedPlan;
	args: readonly unknown[];
	/** What tells the arguments from others. */
	key: string;
}

const RETRY = { firstMs: 1_000, capMs: 30_000 };

export class Computation {
	readonly #options: ComputationOptions;
	readonly #sources: readonly TopicName[];
	readonly #topic: Topic;
	readonly #bell: Bell;
	readonly #leader: Leader;
	/** Failures one after another. */
	#failures = 0;

	/** @throws where the arguments name no sources */
	constructor(options: ComputationOptions) {
		const { path, host, plan, args, key } = options;
		this.#options = options;
		this.#sources = plan.sources(args);
		this.#topic = plan.topic(path, args);
		this.#bell = new Bell(host.clock);
		this.#leader = new Leader({
			name: `derived ${path} ${key}`,
			leases: host.process.leases,
			clock: host.clock,
			lead: (term) => this.#lead(term),
			onError: (error) => host.onError(path, error, null)
		});
	}

	/** @param after what this process still does for the same arguments */
	async start(after?: Promise<unknown>): Promise<void> {
		await after;
		this.#leader.start();
	}

	stop(hurry: AbortSignal): Promise<boolean> {
		return this.#leader.stop(hurry);
	}

	async #lead(term: Term): Promise<void> {
		const { hub } = this.#options.host;
		const onNews = (): void => this.#bell.ring();
		const listeners = this.#sources.map((topic) => new Listener({ hub, topic, onNews }));
		const unlisten = term.onEnd(onNews);
		try {
			await Promise.all(listeners.map((listener) => listener.join()));
			await this.#keepCurrent(term);
		} finally {
			unlisten();
			for (const listener of listeners) listener.leave();
		}
	}

	async #keepCurrent(term: Term): Promise<void> {
		while (term.goesOn) {
			const isCurrent = await this.#compute(term);
			this.#failures = isCurrent ? 0 : this.#failures + 1;
			const retryMs = isCurrent ? null : backoffMs(this.#failures - 1, Math.random(), RETRY);
			if (await this.#bell.wait(retryMs)) await this.#silence(term);
		}
	}

	/** Waits until nothing has come for a while, but not for ever. */
	async #silence(term: Term): Promise<void> {
		const { host, plan } = this.#options;
		const untilMs = host.clock.now() + plan.maxWait;
		for (let restMs = plan.maxWait; restMs > 0 && term.goesOn; restMs = untilMs - host.clock.now()) {
			if (!(await this.#bell.wait(Math.min(plan.debounce, restMs)))) return;
		}
	}

	/** Returns whether the value is computed and published. */
	async #compute(term: Term): Promise<boolean> {
		const { path, host, plan, args } = this.#options;
		const context = serviceContext(path, host, {});
		const run = async (): Promise<void> => {
			const value = await plan.compute(context, ...args);
			if (term.lease.held) await host.publisher.publish(this.#topic, 'set', value);
		};
		try {
			await runInTerm(host, { term, context, limitMs: plan.timeoutMs, run });
			return true;
		} catch (error) {
			if (term.lease.held) host.onError(path, error, context);
			return false;
		}
	}
}
