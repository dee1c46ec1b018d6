// The data behind the module of PROTOCOL.md's sequences, the same at the beginning of each.

export interface Card {
	id: string;
	title: string;
}

const NAMES = 'abcdefgh';

class Database {
	#cards: Card[] = [];
	#finish: (value: string) => void = () => {};
	tidied: Promise<string> = Promise.resolve('');

	reset(): void {
		this.#cards = [{ id: 'a', title: 'First' }];
		this.tidied = new Promise((resolve) => (this.#finish = resolve));
	}

	tidy(): void {
		this.#finish('tidy');
	}

	cards(_board: string): Card[] {
		return [...this.#cards];
	}

	addCard(_board: string, title: string): Card {
		const card = { id: NAMES[this.#cards.length]!, title };
		this.#cards.push(card);
		return card;
	}
}

export const db = new Database();
