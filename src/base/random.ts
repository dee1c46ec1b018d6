// Names that nobody can guess. Web Crypto is in every runtime that the server core runs in.

/** 72 random bits in 12 characters that need no escaping anywhere. */
export function randomName(): string {
	const bytes = crypto.getRandomValues(new Uint8Array(9));
	return btoa(String.fromCharCode(...bytes))
		.replaceAll('+', '-')
		.replaceAll('/', '_');
}
