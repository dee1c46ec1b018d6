// One render per animation frame, however many messages come in between. The first change after a quiet frame is passed on
// at once, with everything that the same message changed; later ones wait for the next frame. Invariant: whatever waits is
// passed on, also where no frame comes.

import { systemClock, type Clock, type Timer } from '../base/clock.ts';
import { callAll } from '../client/updates.ts';

export interface FrameSource {
	readonly clock: Clock;
	/** Runs `run` before the next paint; undefined where nothing is painted now. */
	request(run: () => void): (() => void) | undefined;
}

/** A frame that does not come within this time is not waited for: the page was hidden meanwhile, or is not drawn. */
const LATEST_MS = 100;

interface Drawn {
	requestAnimationFrame?: (run: () => void) => number;
	cancelAnimationFrame?: (frame: number) => void;
	document?: { visibilityState: string };
}

const browserFrames: FrameSource = {
	clock: systemClock,
	request(run) {
		// Looked up each time: hidden pages draw no frames, and tests replace the functions.
		const { document, requestAnimationFrame, cancelAnimationFrame } = globalThis as Drawn;
		if (!requestAnimationFrame || document?.visibilityState === 'hidden') return undefined;
		const frame = requestAnimationFrame(run);
		return () => cancelAnimationFrame?.(frame);
	}
};

export class Frames {
	readonly #source: FrameSource;
	readonly #waiting = new Set<() => void>();
	/** `busy`: a frame is awaited, and changes with it. `opening`: the message that ended the quiet is still being taken. */
	#phase: 'quiet' | 'opening' | 'busy' = 'quiet';
	#isUrgent = false;

	constructor(source: FrameSource) {
		this.#source = source;
	}

	/** Calls `update` now or with the next frame, once however often it is given until then. */
	soon(update: () => void): void {
		if (this.#phase === 'busy' && !this.#isUrgent) return void this.#waiting.add(update);
		if (this.#phase === 'quiet') this.#open();
		this.#waiting.delete(update);
		update();
	}

	/** Does `work`, whose changes wait for nothing: they are the user's own. */
	atOnce<Result>(work: () => Result): Result {
		const before = this.#isUrgent;
		this.#isUrgent = true;
		try {
			return work();
		} finally {
			this.#isUrgent = before;
		}
	}

	/** Calls `update` no more. */
	forget(update: () => void): void {
		this.#waiting.delete(update);
	}

	#open(): void {
		this.#phase = 'opening';
		queueMicrotask(() => this.#await());
	}

	#await(): void {
		let timer: Timer = null;
		const cancel = this.#source.request(() => {
			this.#source.clock.clearTimer(timer);
			this.#drawn();
		});
		if (!cancel) return this.#drawn();
		this.#phase = 'busy';
		timer = this.#source.clock.setTimer(() => {
			cancel();
			this.#drawn();
		}, LATEST_MS);
	}

	/** Passes on what has waited; where nothing has, it is quiet again. */
	#drawn(): void {
		const waiting = [...this.#waiting];
		this.#waiting.clear();
		if (waiting.length === 0) return void (this.#phase = 'quiet');
		callAll(waiting);
		this.#await();
	}
}

/** The frames of the page. */
export const frames = new Frames(browserFrames);
