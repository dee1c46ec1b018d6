// The timers of a virtual clock, earliest first; those of the same time in the order in which they were set. A binary
// heap. Cancelled timers stay until they are due or until they are the larger part.

export interface QueuedTimer {
	readonly dueMs: number;
	readonly order: number;
	/** Null when the timer was cancelled or has run. */
	run: (() => void) | null;
}

export class TimerQueue {
	#heap: QueuedTimer[] = [];
	#orders = 0;
	#waiting = 0;

	/** Timers that have neither run nor been cancelled. */
	get size(): number {
		return this.#waiting;
	}

	add(dueMs: number, run: () => void): QueuedTimer {
		const timer: QueuedTimer = { dueMs, order: this.#orders++, run };
		this.#waiting++;
		this.#heap.push(timer);
		this.#rise(this.#heap.length - 1);
		return timer;
	}

	cancel(timer: QueuedTimer): void {
		if (timer.run === null) return;
		timer.run = null;
		this.#waiting--;
		if (this.#heap.length > 64 && this.#waiting < this.#heap.length / 2) this.#compact();
	}

	/** When the earliest timer is due; null where none waits. */
	get dueMs(): number | null {
		while (this.#heap[0]?.run === null) this.#takeFirst();
		return this.#heap[0]?.dueMs ?? null;
	}

	/** Takes out the earliest timer and returns what it runs. */
	take(): (() => void) | null {
		if (this.dueMs === null) return null;
		const timer = this.#takeFirst();
		const { run } = timer;
		timer.run = null;
		this.#waiting--;
		return run;
	}

	#takeFirst(): QueuedTimer {
		const first = this.#heap[0] as QueuedTimer;
		const last = this.#heap.pop() as QueuedTimer;
		if (this.#heap.length > 0) {
			this.#heap[0] = last;
			this.#sink();
		}
		return first;
	}

	#compact(): void {
		this.#heap = this.#heap
			.filter(({ run }) => run !== null)
			.toSorted((one, other) => (isBefore(one, other) ? -1 : 1));
	}

	#rise(from: number): void {
		let place = from;
		while (place > 0) {
			const parent = (place - 1) >> 1;
			if (!this.#swapIfBefore(place, parent)) return;
			place = parent;
		}
	}

	#sink(): void {
		let place = 0;
		for (;;) {
			const left = 2 * place + 1;
			const right = left + 1;
			if (left >= this.#heap.length) return;
			const rightIsFirst = right < this.#heap.length && isBefore(this.#at(right), this.#at(left));
			const child = rightIsFirst ? right : left;
			if (!this.#swapIfBefore(child, place)) return;
			place = child;
		}
	}

	#at(place: number): QueuedTimer {
		return this.#heap[place] as QueuedTimer;
	}

	#swapIfBefore(place: number, other: number): boolean {
		const one = this.#at(place);
		const two = this.#at(other);
		if (!isBefore(one, two)) return false;
		this.#heap[place] = two;
		this.#heap[other] = one;
		return true;
	}
}

function isBefore(one: QueuedTimer, other: QueuedTimer): boolean {
	return one.dueMs === other.dueMs ? one.order < other.order : one.dueMs < other.dueMs;
}
