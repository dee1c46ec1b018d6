// The data behind the module of PROTOCOL.md's sequences, the same at the beginning of each.

interface Card {
	id: string;
	title: string;
}

const FIRST = 'a'.charCodeAt(0);

class Database {
	#cards: Card[] = [];
	#made = 0;
	#finish: (value: string) => void = () => {};
	tidied: Promise<string> = Promise.resolve('');

	reset(): void {
		this.#cards = [{ id: 'a', title: 'First' }];
		this.#made = 1;
		this.tidied = new Promise((resolve) => (this.#finish = resolve));
	}

	tidy(): void {
		this.#finish('tidy');
	}

	cards(_board: string): Card[] {
		return [...this.#cards];
	}

	addCard(_board: string, title: string): Card {
		const card = { id: String.fromCharCode(FIRST + this.#made++), title };
		this.#cards.push(card);
		return card;
	}

	removeCard(_board: string, id: string): void {
		this.#cards = this.#cards.filter((card) => card.id !== id);
	}
}

export const db = new Database();
