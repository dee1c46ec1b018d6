// The reason of a close frame, which holds at most 123 bytes besides its code (RFC 6455, section 5.5).

const REASON_BYTES = 123;

/** Cut to what a close frame holds, at the boundary of a character. */
export function closeReason(reason: string): string {
	const encoder = new TextEncoder();
	let text = reason;
	while (encoder.encode(text).length > REASON_BYTES) text = text.slice(0, Math.min(text.length - 1, REASON_BYTES));
	return text;
}
