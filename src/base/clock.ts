// Time, as everything in tidewire sees it. Tests and the simulator inject their own clock, so no other file may call
// Date.now, performance.now, setTimeout or setImmediate.

/** An opaque handle of a timer that a {@link Clock} started. */
export type Timer = unknown;

export interface Clock {
	/** Milliseconds on a monotonic scale with an arbitrary origin. Never goes back. */
	now(): number;
	/** Milliseconds since the Unix epoch, for dates that leave the process. May jump. */
	wallTime(): number;
	/** Runs `run` once, not before `delayMs` milliseconds have passed. */
	setTimer(run: () => void, delayMs: number): Timer;
	clearTimer(timer: Timer): void;
	/** Runs `run` after the current pass of the event loop has handled its input: the moment to flush what it produced. */
	defer(run: () => void): void;
}

type Immediate = (run: () => void) => unknown;

/** `setImmediate` where the runtime has it: a timer of 0 ms costs a millisecond in Node and four in browsers. */
const immediate: Immediate = (globalThis as { setImmediate?: Immediate }).setImmediate ?? ((run) => setTimeout(run, 0));

/** The clock of the runtime. */
export const systemClock: Clock = {
	now: () => performance.now(),
	wallTime: () => Date.now(),
	setTimer: (run, delayMs) => setTimeout(run, delayMs),
	clearTimer: (timer) => clearTimeout(timer as Parameters<typeof clearTimeout>[0]),
	defer: (run) => void immediate(run)
};
