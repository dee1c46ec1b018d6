// What the operator sees on the terminal or in the log.

export function report(message: string): void {
	// oxlint-disable-next-line no-console -- the place where all messages of this folder leave
	console.error(`tidewire: ${message}`);
}
