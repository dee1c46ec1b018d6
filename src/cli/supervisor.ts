// All workers of one command. The first one starts alone: a mistake that none of them survives shows once, and ends the
// command instead of being tried for ever.

import { Slot, type SlotParts } from './slot.ts';

export class Supervisor {
	readonly #parts: SlotParts;
	readonly #slots: Slot[] = [];
	#stopped: Promise<boolean> | null = null;
	#restarting = false;

	constructor(parts: SlotParts) {
		this.#parts = parts;
	}

	/** Returns false where the first worker ended before it came to listen, and nobody asked for that: nothing runs. */
	async start(count: number): Promise<boolean> {
		const isReady = await this.#add().replace();
		if (this.#stopped !== null) return true;
		if (!isReady) return false;
		await Promise.all(Array.from({ length: count - 1 }, () => this.#add().start()));
		return true;
	}

	#add(): Slot {
		const slot = new Slot(this.#parts);
		this.#slots.push(slot);
		return slot;
	}

	/** Replaces the workers one after another. Where one does not start, the rest stay as they are. */
	async restart(): Promise<void> {
		if (this.#restarting || this.#stopped !== null) return;
		this.#restarting = true;
		this.#parts.report('the workers are replaced one after another');
		const done = await this.#replaceAll();
		if (this.#stopped === null)
			this.#parts.report(done ? 'all workers were replaced' : 'a new worker did not start: the old ones stay');
		this.#restarting = false;
	}

	async #replaceAll(): Promise<boolean> {
		for (const slot of this.#slots) {
			if (this.#stopped !== null || !(await slot.replace())) return false;
		}
		return true;
	}

	/** Lets all workers end in order. Returns whether all did. */
	stop(): Promise<boolean> {
		this.#stopped ??= Promise.all(this.#slots.map((slot) => slot.stop())).then((all) => all.every(Boolean));
		return this.#stopped;
	}

	/** Ends all workers at once. */
	kill(): void {
		for (const slot of this.#slots) slot.kill();
	}
}
