// The chat of one board: the live end of it, and the pages before that as far as somebody scrolled up.
import { connection } from 'tidewire/svelte';
import { history, messages, say } from '#lib/chat.live.ts';
import type { Message, Person } from '../model.ts';
import { LIMITS, newId } from '../model.ts';
import { toasts } from '../ui/toasts.svelte.ts';
import { wordsFor } from '../ui/words.ts';

export interface Entry {
	message: Message;
	/** Whether the author is named: not again within a few minutes. */
	isFirst: boolean;
}

type Snapshot = Parameters<ReturnType<typeof messages>['hydrate']>[0];

const TOGETHER_MS = 5 * 60_000;

export class ChatState {
	readonly #boardId: string;
	readonly #user: Person;
	readonly #stream: ReturnType<typeof messages>;
	#older = $state.raw<readonly Message[]>([]);
	isLoadingOlder = $state(false);
	/** Why the older messages did not come. */
	problem = $state<string | null>(null);
	/** Whether the first message ever is shown. */
	isComplete = $state(false);

	readonly #live: readonly Message[] = $derived.by(() => this.#stream.current ?? []);
	readonly all: readonly Message[] = $derived.by(() => joined(this.#older, this.#live));
	readonly entries: readonly Entry[] = $derived.by(() =>
		this.all.map((message, index) => ({ message, isFirst: !isTogether(this.all[index - 1], message) }))
	);
	/** The last message that is stored; grows with each that arrives. */
	readonly lastSeq = $derived.by(() => this.all.reduce((last, { seq }) => Math.max(last, seq), 0));

	constructor({ boardId, user, snapshot }: { boardId: string; user: Person; snapshot: Snapshot }) {
		this.#boardId = boardId;
		this.#user = user;
		this.#stream = messages(boardId).hydrate(snapshot);
		this.isComplete = snapshot.value.length < LIMITS.historyPage;
	}

	/** Why new messages do not come, where the connection is not the reason: the page says that once, for everything. */
	get error(): string | undefined {
		const { error } = this.#stream;
		return error && connection.status === 'open' ? wordsFor(error) : undefined;
	}

	retry(): void {
		// Where it fails again, the stream says so.
		this.#stream.refresh().catch(() => {});
	}

	/** Shows the message at once. Resolves to whether the server has it. */
	async send(text: string): Promise<boolean> {
		const id = newId();
		const message: Message = { id, seq: 0, author: this.#user, text, at: Date.now() };
		try {
			await this.#stream.mutate('created', message, () => say({ boardId: this.#boardId, id, text }));
			return true;
		} catch (error) {
			toasts.show(`The message was not sent. ${wordsFor(error)}`, { kind: 'problem' });
			return false;
		}
	}

	async loadOlder(): Promise<void> {
		const first = this.all.find(({ seq }) => seq > 0);
		if (this.isLoadingOlder || this.isComplete || !first) return;
		this.isLoadingOlder = true;
		this.problem = null;
		try {
			const page = await history(this.#boardId, first.seq, LIMITS.historyPage);
			this.#older = [...page, ...this.#older];
			this.isComplete = page.length < LIMITS.historyPage;
		} catch (error) {
			this.problem = `The older messages did not come. ${wordsFor(error)}`;
		} finally {
			this.isLoadingOlder = false;
		}
	}
}

/** The two lists without what is in both. */
function joined(older: readonly Message[], live: readonly Message[]): readonly Message[] {
	if (older.length === 0) return live;
	const known = new Set(live.map(({ id }) => id));
	return [...older.filter(({ id }) => !known.has(id)), ...live];
}

function isTogether(before: Message | undefined, message: Message): boolean {
	return before?.author.id === message.author.id && message.at - before.at < TOGETHER_MS;
}
