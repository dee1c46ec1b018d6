// Names of files: what people see and what a download is called, never where anything is stored.
import { LIMITS } from '../model.ts';

/** Characters without a shape, and those that turn the direction of what follows: `cod.txt` may be `txt.doc`. */
// oxlint-disable-next-line no-control-regex -- they are what this takes away
const INVISIBLE = /[\u0000-\u001f\u007f-\u009f\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]/g;
const UNSAFE_IN_HEADER = /[^\u0020-\u007e]|["\\%]/g;

/** A name that can be shown: no folders, nothing invisible, not longer than the limit. It keeps its ending. */
export function shownName(name: string): string {
	const last = name.toWellFormed().split(/[/\\]/).at(-1) ?? '';
	const clean = last.replaceAll(INVISIBLE, '').trim();
	const [ending = ''] = /\.\w{1,8}$/.exec(clean) ?? [];
	const letters = Array.from(clean.slice(0, clean.length - ending.length));
	return letters.slice(0, LIMITS.fileName - ending.length).join('') + ending || 'file';
}

/** The header that makes a browser save a file under its name, whatever is in it (RFC 6266). */
export function contentDisposition(name: string): string {
	const plain = name.replaceAll(UNSAFE_IN_HEADER, '_');
	const encoded = encodeURIComponent(name).replaceAll(/['()*]/g, (letter) => `%${letter.charCodeAt(0).toString(16)}`);
	return `attachment; filename="${plain}"; filename*=UTF-8''${encoded}`;
}

/** “512 B”, “38 kB”, “4.2 MB”. */
export function wordsForSize(bytes: number): string {
	if (bytes < 1000) return `${bytes} B`;
	if (bytes < 999_500) return `${Math.round(bytes / 1000)} kB`;
	return `${(bytes / 1_000_000).toFixed(1)} MB`;
}
