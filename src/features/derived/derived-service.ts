// A derived stream in this process: what it computes, and for which arguments.

import { encodeValue } from '../../protocol/value.ts';
import type { Service, ServiceHost } from '../../server/service.ts';
import { Computation } from './computation.ts';
import type { DerivedPlan } from './plan.ts';

export class DerivedService implements Service {
	readonly #path: string;
	readonly #host: ServiceHost;
	readonly #plan: DerivedPlan;
	/** By arguments. */
	readonly #computations = new Map<string, Computation>();
	readonly #ending = new Map<string, Promise<boolean>>();

	constructor(path: string, host: ServiceHost, plan: DerivedPlan) {
		this.#path = path;
		this.#host = host;
		this.#plan = plan;
		if (!plan.dynamic) this.#begin([]);
	}

	opened(args: readonly unknown[]): void {
		if (this.#plan.dynamic) this.#begin(args);
	}

	closed(args: readonly unknown[]): void {
		if (this.#plan.dynamic) this.#end(encodeValue(args));
	}

	#begin(args: readonly unknown[]): void {
		const key = encodeValue(args);
		const parts = { path: this.#path, host: this.#host, plan: this.#plan };
		try {
			const computation = new Computation({ ...parts, args, key });
			this.#computations.set(key, computation);
			void computation.start(this.#ending.get(key));
		} catch (error) {
			this.#host.onError(this.#path, error, null);
		}
	}

	/** Somebody may still read it elsewhere: that process goes on with it. */
	#end(key: string): void {
		const computation = this.#computations.get(key);
		if (computation === undefined) return;
		this.#computations.delete(key);
		const ending = computation.stop(AbortSignal.abort());
		this.#ending.set(key, ending);
		void ending.finally(() => this.#ending.get(key) === ending && this.#ending.delete(key));
	}

	async stop(hurry: AbortSignal): Promise<boolean> {
		const stopped = await Promise.all(
			[...this.#computations.values()].map((computation) => computation.stop(hurry))
		);
		await Promise.all(this.#ending.values());
		return stopped.every(Boolean);
	}
}
