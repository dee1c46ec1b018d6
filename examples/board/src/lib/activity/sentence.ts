// What the feed says: who comes first, so each sentence goes on from a name.
import type { Activity, Deed } from '../model.ts';

/** How a deed is told: of what it was done to, and with what else there is to say. */
const WORDS: Record<Deed, (what: string, detail: string) => string> = {
	added: (what, column) => `added “${what}” to ${column}`,
	renamed: (what, title) => `renamed “${what}” to “${title}”`,
	moved: (what, column) => `moved “${what}” to ${column}`,
	deleted: (what) => `deleted “${what}”`,
	restored: (what) => `brought back “${what}”`,
	'added-column': (what) => `added the column “${what}”`,
	'renamed-column': (what, name) => `renamed the column “${what}” to “${name}”`,
	attached: (what, file) => `attached ${file} to “${what}”`,
	detached: (what, file) => `took ${file} off “${what}”`
};

/** For example “moved “Ship it” to Done”. Code in titles stands without its backticks. */
export function sentenceOf({ deed, title, detail }: Pick<Activity, 'deed' | 'title' | 'detail'>): string {
	return WORDS[deed](plain(title), plain(detail ?? ''));
}

const plain = (title: string): string => title.replaceAll('`', '');
