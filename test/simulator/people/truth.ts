// What really is, outside of tidewire: who reads which list, who has a place, what took effect. Everything that clients are
// shown and answered has to agree with it, within the times that are promised.

import { Payments } from './payments.ts';
import { Places } from './places.ts';
import { Readings } from './readings.ts';

export interface TruthOptions {
	now: () => number;
	violate: (problem: string) => void;
	/** Whether messages between processes get lost or come twice. */
	rough: boolean;
}

export interface Truth {
	readonly readings: Readings;
	readonly club: Places;
	readonly team: Places;
	readonly payments: Payments;
}

export function makeTruth(options: TruthOptions): Truth {
	return {
		readings: new Readings(options),
		club: new Places('club', options),
		team: new Places('team', options),
		payments: new Payments(options)
	};
}

/** A process was killed. */
export function processKilled({ readings, club, team, payments }: Truth, process: string): void {
	readings.processEnded(process, 'killed');
	club.processKilled(process);
	team.processKilled(process);
	payments.processEnded();
}

/** A process begins to end in order: then it tells who leaves. */
export function processStops({ readings, payments }: Truth, process: string): void {
	readings.processEnded(process, 'stopped');
	payments.processEnded();
}
