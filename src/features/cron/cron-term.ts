// A job, for as long as this process leads it. Invariant: before a run begins, the time that it was due is stored under
// the lease, and no run is begun that was due at that time or before: so each takes place at most once in the application.

import type { ServiceHost } from '../../server/service.ts';
import { Bell } from '../shared/bell.ts';
import { runInTerm, serviceContext } from '../shared/context.ts';
import { FencedRecord } from '../shared/fenced-record.ts';
import { targetOf } from '../shared/source.ts';
import type { Term } from '../shared/term.ts';
import { CronAhead, CronInterrupted, CronMissed, CronOverlap } from './cron-errors.ts';
import { reportCron } from './on-cron-error.ts';
import type { CronContext, CronPlan } from './plan.ts';

export interface CronTermOptions {
	path: string;
	host: ServiceHost;
	plan: CronPlan;
	term: Term;
	/** When the service began: the first job is due after that. */
	beganMs: number;
}

/** What the next process goes on with. */
interface Progress {
	schedule: string;
	/** The last run that began, or was left out: when it was due. */
	lastMs: number;
	/** Whether that run has not come to its end. */
	running: boolean;
}

/** The calendar is looked at again after this time: it may have been set. */
const MAX_SLEEP_MS = 60_000;
/** A run is on time as long as it is no later than this. */
const ON_TIME_MS = 1_000;

export class CronTerm {
	readonly #options: CronTermOptions;
	readonly #bell: Bell;
	/** The run that is under way. */
	#running: { dueMs: number; done: Promise<void> } | null = null;
	/** Up to here every run has begun or was left out. */
	#lastMs = 0;
	/** Runs that were left out since the last one began. */
	#missed = 0;

	constructor(options: CronTermOptions) {
		this.#options = options;
		this.#bell = new Bell(options.host.clock);
	}

	/** Returns when the term has ended and no run is under way. */
	async lead(): Promise<void> {
		const { term } = this.#options;
		const unlisten = term.onEnd(() => this.#bell.ring());
		try {
			const { record, repeated } = await this.#takeOver();
			if (repeated) await this.#begin(record, this.#lastMs);
			while (term.goesOn) await this.#next(record);
			await this.#running?.done;
		} finally {
			unlisten();
		}
	}

	async #takeOver(): Promise<{ record: FencedRecord<Progress>; repeated: boolean }> {
		const { host, path, plan, term, beganMs } = this.#options;
		const options = { store: host.backplane.store, clock: host.clock, lease: term.lease, key: `cron ${path}` };
		const schedule = plan.schedule.text;
		let interrupted = false;
		const record = await FencedRecord.claim<Progress>(options, (former) => {
			interrupted = former?.running ?? false;
			// With another schedule nothing was due while nobody was there.
			const lastMs = former?.schedule === schedule ? former.lastMs : Math.max(beganMs, former?.lastMs ?? 0);
			return { schedule, lastMs, running: false };
		});
		this.#lastMs = record.value.lastMs;
		if (interrupted) this.#report(new CronInterrupted(this.#lastMs, plan.repeatInterrupted), null);
		const nowMs = host.clock.wallTime();
		if (this.#lastMs > nowMs + MAX_SLEEP_MS) this.#report(new CronAhead(this.#lastMs, nowMs), null);
		return { record, repeated: interrupted && plan.repeatInterrupted };
	}

	/** Waits for what is due next, and begins it. */
	async #next(record: FencedRecord<Progress>): Promise<void> {
		const { host, plan } = this.#options;
		const { clock } = host;
		if (this.#running !== null && plan.catchUp === 'all') return void (await this.#bell.wait()); // none is left out
		const waitMs = plan.schedule.after(this.#lastMs) - clock.wallTime();
		if (waitMs > 0) return void (await this.#bell.wait(Math.min(waitMs, MAX_SLEEP_MS)));
		const dueMs = this.#choose(clock.wallTime());
		if (dueMs === null) return;
		if (this.#running === null) return this.#begin(record, dueMs);
		this.#missed++;
		this.#report(new CronOverlap(dueMs, this.#running.dueMs), null);
	}

	/** Which of the runs that are due begins; null where all of them are too late. */
	#choose(nowMs: number): number | null {
		const { schedule, catchUp, catchUpMs } = this.#options.plan;
		const earliestMs = nowMs - Math.max(catchUpMs, ON_TIME_MS);
		const firstMs = schedule.after(this.#lastMs);
		if (firstMs < earliestMs) this.#report(new CronMissed(firstMs, nowMs, catchUpMs), null);
		const due = schedule.between(Math.max(this.#lastMs, earliestMs - 1), nowMs);
		const chosen = catchUp === 'all' ? due[0] : due.at(-1);
		this.#missed += chosen === undefined ? 0 : due.indexOf(chosen);
		this.#lastMs = chosen ?? nowMs;
		return chosen ?? null;
	}

	/** Returns when the run has begun. */
	async #begin(record: FencedRecord<Progress>, dueMs: number): Promise<void> {
		const { plan, term } = this.#options;
		const schedule = plan.schedule.text;
		await record.write({ schedule, lastMs: dueMs, running: true });
		if (!term.lease.held) return; // whoever comes next reports it
		const missed = this.#missed;
		this.#missed = 0;
		const done = this.#run(dueMs, missed).then(async () => {
			if (term.lease.held) await record.write({ schedule, lastMs: this.#lastMs, running: false });
		});
		const end = (): void => {
			this.#running = null;
			this.#bell.ring();
		};
		this.#running = { dueMs, done: done.then(end, end) }; // it fails only where the lease is lost
	}

	async #run(dueMs: number, missed: number): Promise<void> {
		const { path, host, plan, term } = this.#options;
		const context = serviceContext(path, host, { scheduledAt: new Date(dueMs), missed });
		const run = async (): Promise<void> => {
			const result = await plan.run(context);
			// Whoever has taken over may have published something newer.
			if (result !== undefined && plan.topic !== null && term.lease.held) {
				await host.publisher.publish(targetOf(plan.topic), 'set', result);
			}
		};
		try {
			await runInTerm(host, { term, context, limitMs: plan.timeoutMs, run });
		} catch (error) {
			this.#report(error, context);
		}
	}

	#report(error: unknown, context: CronContext | null): void {
		reportCron(this.#options.host, this.#options.path, error, context);
	}
}
