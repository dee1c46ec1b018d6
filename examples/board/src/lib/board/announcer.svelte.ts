// What a screen reader is told of changes that are otherwise only seen.

export class Announcer {
	text = $state('');

	say(text: string): void {
		// The same words twice are read twice only if they differ.
		this.text = this.text === text ? `${text}\u00A0` : text;
	}
}
