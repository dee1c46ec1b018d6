// What a component shows, without a component.
import { flushSync } from 'svelte';

const leaves: (() => void)[] = [];

/** Reads at once, and again with each change, until it is left. `seen` grows by what was read. */
export function show<Read>(read: () => Read): { seen: Read[]; leave: () => void } {
	const seen: Read[] = [];
	const leave = $effect.root(() => {
		$effect(() => {
			seen.push(read());
		});
	});
	flushSync();
	leaves.push(leave);
	return { seen, leave };
}

/** Leaves everything that is still shown. */
export function leaveAll(): void {
	for (const leave of leaves.splice(0)) leave();
}
