// Names that nobody can guess. Web Crypto is in every runtime that the server core runs in.

const NAME_BYTES = 9;

/** Asking for random bytes takes longer than making a name of them: they are fetched for so many names at a time. */
const pool = new Uint8Array(100 * NAME_BYTES);
let used = pool.length;

function randomBytes(): Uint8Array {
	if (used === pool.length) {
		crypto.getRandomValues(pool);
		used = 0;
	}
	used += NAME_BYTES;
	return pool.subarray(used - NAME_BYTES, used);
}

/** 72 random bits in 12 characters that need no escaping anywhere. */
export function randomName(): string {
	return btoa(String.fromCharCode(...randomBytes()))
		.replaceAll('+', '-')
		.replaceAll('/', '_');
}
