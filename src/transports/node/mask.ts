// Takes the mask off what a client sent (RFC 6455, section 5.3), and finds out on the way whether it is ASCII.

/** Below it, a view of words costs more than it saves. */
const WORDS_FROM_BYTES = 128;

/** The mask as the payload goes on after `bytes` of it. */
export function turned(mask: number, bytes: number): number {
	const bits = (bytes & 3) * 8;
	return (mask >>> bits) | (mask << (32 - bits));
}

/**
 * Unmasks in place.
 * @param mask the four bytes as a number, the first one lowest
 * @returns all bytes, or'ed: below 0x80 where they are ASCII
 */
// oxlint-disable-next-line eslint/max-params -- a view for each frame would cost more than unmasking it
export function unmask(bytes: Buffer, mask: number, from: number, to: number): number {
	if (to - from < WORDS_FROM_BYTES) return unmaskBytes(bytes, mask, from, to);
	const wordsFrom = from + ((4 - ((bytes.byteOffset + from) & 3)) & 3);
	const words = (to - wordsFrom) >>> 2;
	const wordMask = turned(mask, wordsFrom - from);
	const wordBits = unmaskWords(new Int32Array(bytes.buffer, bytes.byteOffset + wordsFrom, words), wordMask);
	const before = unmaskBytes(bytes, mask, from, wordsFrom);
	return before | wordBits | unmaskBytes(bytes, wordMask, wordsFrom + words * 4, to);
}

// oxlint-disable-next-line eslint/max-params -- as above
function unmaskBytes(bytes: Buffer, mask: number, from: number, to: number): number {
	const [first, second, third, fourth] = [mask & 0xff, (mask >>> 8) & 0xff, (mask >>> 16) & 0xff, mask >>> 24];
	let bits = 0;
	let at = from;
	for (; at + 3 < to; at += 4) {
		const a = (bytes[at] ?? 0) ^ first;
		const b = (bytes[at + 1] ?? 0) ^ second;
		const c = (bytes[at + 2] ?? 0) ^ third;
		const d = (bytes[at + 3] ?? 0) ^ fourth;
		bytes[at] = a;
		bytes[at + 1] = b;
		bytes[at + 2] = c;
		bytes[at + 3] = d;
		bits |= a | b | c | d;
	}
	for (let shift = 0; at < to; at++, shift += 8) {
		const byte = (bytes[at] ?? 0) ^ ((mask >>> shift) & 0xff);
		bytes[at] = byte;
		bits |= byte;
	}
	return bits;
}

function unmaskWords(words: Int32Array, mask: number): number {
	let bits = 0;
	for (let index = 0; index < words.length; index++) {
		const word = (words[index] ?? 0) ^ mask;
		words[index] = word;
		bits |= word;
	}
	return (bits | (bits >>> 8) | (bits >>> 16) | (bits >>> 24)) & 0xff;
}
