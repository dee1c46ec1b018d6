// What nobody can guess, and how it is compared.

const BYTES = 32;
const FORM = /^[\w-]{43}$/;

/** 256 random bits in 43 characters that need no escaping anywhere. */
export function randomSecret(): string {
	const text = btoa(String.fromCharCode(...crypto.getRandomValues(new Uint8Array(BYTES))));
	return text.replaceAll('+', '-').replaceAll('/', '_').replace('=', '');
}

export const isSecret = (text: string): boolean => FORM.test(text);

/** In a time that does not depend on where they differ. */
export function sameSecret(one: string, other: string): boolean {
	if (one.length !== other.length) return false;
	let difference = 0;
	for (let index = 0; index < one.length; index++) difference |= one.charCodeAt(index) ^ other.charCodeAt(index);
	return difference === 0;
}
