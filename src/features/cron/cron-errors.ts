// What can happen to a run of a job besides that it fails by itself.

const at = (ms: number): string => new Date(ms).toISOString();

/** A run was left out, because the one before still ran. */
export class CronOverlap extends Error {
	override readonly name = 'CronOverlap';
	readonly scheduledAt: Date;

	constructor(scheduledMs: number, runningMs: number) {
		super(`the run that was due at ${at(scheduledMs)} is left out: the one of ${at(runningMs)} is not done yet`);
		this.scheduledAt = new Date(scheduledMs);
	}
}

/** A run began on a process that has ended since, or has lost touch with the others: nobody knows how far it came. */
export class CronInterrupted extends Error {
	override readonly name = 'CronInterrupted';
	readonly scheduledAt: Date;

	constructor(scheduledMs: number, isRepeated: boolean) {
		const next = isRepeated ? 'it is made again' : 'it is not made again';
		super(`the run of ${at(scheduledMs)} began and did not come to its end: ${next}`);
		this.scheduledAt = new Date(scheduledMs);
	}
}

/** A run was recorded that is not due yet: the clock of some process is wrong. */
export class CronAhead extends Error {
	override readonly name = 'CronAhead';

	constructor(lastMs: number, nowMs: number) {
		super(
			`the last run was due at ${at(lastMs)}, and here it is only ${at(nowMs)}: nothing runs before that again`
		);
	}
}

/** Runs were left out, because no process began them in time. */
export class CronMissed extends Error {
	override readonly name = 'CronMissed';
	/** The first one that was left out. */
	readonly scheduledAt: Date;

	constructor(firstMs: number, nowMs: number, catchUpMs: number) {
		const late = `which is more than "catchUpMs" (${catchUpMs}) before ${at(nowMs)}`;
		super(`runs are left out that nobody began in time, from ${at(firstMs)} on, ${late}`);
		this.scheduledAt = new Date(firstMs);
	}
}
