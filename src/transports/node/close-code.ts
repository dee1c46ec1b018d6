// Codes of close frames (RFC 6455, section 7.4, and the registry of IANA).

export const PROTOCOL_VIOLATION = 1002;
/** A close frame without a code. Never sent. */
export const NO_CODE = 1005;
/** An end without a close frame. Never sent. */
export const ABNORMAL = 1006;
export const INVALID_TEXT = 1007;
export const TOO_BIG = 1009;

/** 1004 has no meaning yet. */
const NOT_SENT = [1004, NO_CODE, ABNORMAL];

/** Whether a peer may send this code. */
export function isCloseCode(code: number): boolean {
	return (code >= 1000 && code <= 1014 && !NOT_SENT.includes(code)) || (code >= 3000 && code <= 4999);
}
