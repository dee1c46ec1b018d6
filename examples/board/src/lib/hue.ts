// Colours of people and columns. Both come from what is known on every screen, so that nobody has to agree on them.

/** Twelve hues that stay apart at one lightness. */
const HUES = [18, 42, 68, 100, 135, 160, 190, 222, 250, 282, 312, 345] as const;
const COLUMN_HUES = [222, 68, 160, 312, 18, 190, 282, 135] as const;

export function hueOf(id: string): number {
	let hash = 2166136261; // FNV-1a
	for (let index = 0; index < id.length; index++) hash = Math.imul(hash ^ id.charCodeAt(index), 16777619);
	return HUES[(hash >>> 0) % HUES.length] ?? HUES[0];
}

export function columnHue(index: number): number {
	return COLUMN_HUES[index % COLUMN_HUES.length] ?? COLUMN_HUES[0];
}

/** One or two letters for an avatar. */
export function initials(name: string): string {
	const words = name.trim().split(/\s+/);
	const letters = words.length > 1 ? [words[0], words.at(-1)] : [words[0]];
	return letters
		.map((word) => Array.from(word ?? '')[0] ?? '')
		.join('')
		.toUpperCase();
}
