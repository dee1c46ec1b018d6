// Text that survives UTF-8 and stands on one line, whatever it holds: JavaScript's strings may have lone surrogates, which
// UTF-8 has not. Nearly every text is written as it is.

const MARK = '\u0001';

export function writeExact(text: string): string {
	return text.isWellFormed() && !text.includes('\n') && !text.startsWith(MARK) ? text : MARK + JSON.stringify(text);
}

/** @throws {SyntaxError} where it was not written by `writeExact` */
export function readExact(written: string): string {
	if (!written.startsWith(MARK)) return written;
	const text: unknown = JSON.parse(written.slice(MARK.length));
	if (typeof text !== 'string') throw new SyntaxError('a marked text must be a string');
	return text;
}
