// Text of HTML in which everything is escaped that was not written as HTML.

export class Html {
	readonly text: string;

	constructor(text: string) {
		this.text = text;
	}
}

type Part = Html | string | number | readonly Html[];

/** A template whose values are escaped; those that are HTML themselves stay as they are. */
export function html(texts: TemplateStringsArray, ...parts: Part[]): Html {
	return new Html(
		texts.map((text, index) => text + (index < parts.length ? textOf(parts[index] ?? '') : '')).join('')
	);
}

function textOf(part: Part): string {
	if (part instanceof Html) return part.text;
	if (typeof part === 'object') return part.map(({ text }) => text).join('');
	return escaped(String(part));
}

const ENTITIES: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' };

const escaped = (text: string): string => text.replaceAll(/[&<>"']/g, (character) => ENTITIES[character] ?? '');
