// What the developer or the operator must see, on the console of the server.

/** A decision that is missing, or an assumption that was made. */
export function warn(message: string): void {
	// oxlint-disable-next-line no-console -- the place where all of this folder's messages leave
	console.warn(message);
}

/** Something failed, and nobody else tells. */
export function reportError(message: string, error?: unknown): void {
	// oxlint-disable-next-line no-console -- as above
	console.error(...(error === undefined ? [message] : [message, error]));
}
