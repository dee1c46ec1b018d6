// Tells texts apart in a few characters, against mistakes and not against attacks: whoever looks for two texts with the
// same fingerprint finds some.

const [FIRST_SEED, SECOND_SEED] = [0x811c9dc5, 0x9747b28c];
const [FIRST_PRIME, SECOND_PRIME] = [0x01000193, 0x85ebca6b];

/** 64 bits in 16 hexadecimal digits: two hashes in the manner of FNV-1a, side by side. */
export function fingerprint(text: string): string {
	let [first, second] = [FIRST_SEED, SECOND_SEED];
	for (let index = 0; index < text.length; index++) {
		const unit = text.charCodeAt(index);
		first = Math.imul(first ^ unit, FIRST_PRIME);
		second = Math.imul(second ^ unit, SECOND_PRIME);
		second ^= second >>> 15; // the low bits hear of the high ones
	}
	return hex(first ^ text.length) + hex(second);
}

const hex = (number: number): string => (number >>> 0).toString(16).padStart(8, '0');
