// One load of a view's rows and what follows it: loaded once, then kept current, until another one takes its place.

import { isPromise, type MaybePromise } from '../../base/maybe-promise.ts';
import type { EventBody } from '../../protocol/stream.ts';
import type { LogEntry } from '../backplane.ts';
import type { Broadcast } from '../hub-topic.ts';
import { Collected } from '../shared-load.ts';
import { Follower, type Follows } from './follower.ts';
import type { GroupOptions } from './group.ts';
import { ViewRows } from './view-rows.ts';

export interface ReplicaOwner {
	changed(bodies: readonly EventBody[], conflationKey: string | null): void;
	/** The log does not lead on. */
	torn(): void;
	failed(error: unknown): void;
}

export class Replica implements Follows {
	readonly rows: ViewRows;
	readonly #options: GroupOptions;
	readonly #owner: ReplicaOwner;
	readonly #follower: Follower;
	/** What an ephemeral topic brought while something else was under way: no log has it. Null while nothing is. */
	#collected: Collected | null = null;
	/** Of the event that is being applied. */
	#conflationKey: string | null = null;
	#isEnded = false;
	#isFilled = false;
	/** Why it could not be filled. */
	#failure: { readonly error: unknown } | null = null;

	constructor(options: GroupOptions, owner: ReplicaOwner) {
		this.#options = options;
		this.#owner = owner;
		this.#follower = new Follower(options.topic, this);
		this.rows = new ViewRows(options.run, (bodies, conflates) => {
			if (!this.#isEnded) owner.changed(bodies, conflates ? this.#conflationKey : null);
		});
	}

	end(): void {
		this.#isEnded = true;
		this.#follower.end();
	}

	/** Resolves when the rows are those of the head of this process, or it ended. */
	async fill(load: () => MaybePromise<unknown>): Promise<void> {
		const { topic, run } = this.#options;
		const position = topic.head; // before the load: what happens meanwhile is behind it
		if (run.definition.ephemeral) this.#collected = new Collected();
		await this.rows.load(await load());
		if (this.#isEnded) return;
		if (run.definition.ephemeral) await this.#applyCollected();
		else await this.#follower.begin(position);
		if (this.#failure) throw this.#failure.error;
		this.#isFilled = true;
	}

	entry(entry: LogEntry): void {
		this.#follower.entry(entry);
	}

	apply({ body }: LogEntry): MaybePromise<void> {
		return this.rows.apply(body);
	}

	broadcast({ body, conflationKey }: Broadcast): void {
		if (this.#collected !== null) return this.#collected.add(body, conflationKey);
		try {
			this.#conflationKey = conflationKey;
			const applied = this.rows.apply(body);
			if (!isPromise(applied)) return;
			this.#collected = new Collected();
			applied.then(
				() => this.#applyCollected(),
				(error: unknown) => this.failed(error)
			);
		} catch (error) {
			this.failed(error);
		}
	}

	/** One after another; what comes meanwhile waits for its turn. */
	async #applyCollected(): Promise<void> {
		try {
			for (let event = this.#collected?.shift(); event; event = this.#collected?.shift()) {
				this.#conflationKey = event.conflationKey;
				await this.rows.apply(event.body);
				if (this.#isEnded) return;
			}
			this.#collected = null;
		} catch (error) {
			this.failed(error);
		}
	}

	torn(): void {
		if (!this.#isEnded) this.#owner.torn();
	}

	failed(error: unknown): void {
		if (this.#isEnded) return;
		if (this.#isFilled) this.#owner.failed(error);
		else this.#failure = { error };
	}
}
