// The files of the cards as the page sees them: what is attached, and what is on its way. Files are sent one after
// another, so that each has all of the connection.
import type { LiveUploadTask } from 'tidewire/client/bytes';
import { attach, attachments, removeAttachment } from '#lib/attachments.live.ts';
import type { Attachment } from '../model.ts';
import { FILE_TYPES, LIMITS, newId } from '../model.ts';
import { toasts } from '../ui/toasts.svelte.ts';
import { wordsFor } from '../ui/words.ts';

type Snapshot = Parameters<ReturnType<typeof attachments>['hydrate']>[0];

const NONE: readonly Attachment[] = [];

/** A file on its way. */
export class Sending {
	readonly id = newId();
	readonly cardId: string;
	readonly file: File;
	task = $state.raw<LiveUploadTask<Attachment>>();
	/** Why it did not arrive. */
	problem = $state<string | null>(null);
	isStopped = false;

	constructor(cardId: string, file: File) {
		this.cardId = cardId;
		this.file = file;
	}

	/** From 0 to 1. */
	get progress(): number {
		return this.task?.progress ?? 0;
	}
}

export class FilesState {
	readonly #boardId: string;
	readonly #stream: ReturnType<typeof attachments>;
	#sendings = $state.raw<readonly Sending[]>([]);
	#last: Promise<void> = Promise.resolve();
	/** For those who do not see it: what has just come or gone. */
	news = $state('');

	readonly #byCard = $derived.by(() => Map.groupBy(this.#stream.current ?? [], ({ cardId }) => cardId));

	constructor(boardId: string, snapshot: Snapshot) {
		this.#boardId = boardId;
		this.#stream = attachments(boardId).hydrate(snapshot);
	}

	of(cardId: string): readonly Attachment[] {
		return this.#byCard.get(cardId) ?? NONE;
	}

	sendingTo(cardId: string): readonly Sending[] {
		return this.#sendings.filter((sending) => sending.cardId === cardId);
	}

	urlOf({ id }: Attachment): string {
		return `/board/${this.#boardId}/files/${id}`;
	}

	send(cardId: string, files: Iterable<File>): void {
		for (const file of files) {
			const sending = new Sending(cardId, file);
			sending.problem = refusal(file);
			this.#sendings = [...this.#sendings, sending];
			if (sending.problem === null) this.#last = this.#last.then(() => this.#run(sending));
		}
	}

	/** Stops a file that is on its way, or forgets one that did not arrive. */
	stop(sending: Sending): void {
		sending.isStopped = true;
		sending.task?.abort();
		this.#sendings = this.#sendings.filter((other) => other !== sending);
	}

	remove(attachment: Attachment): void {
		const run = () => removeAttachment({ boardId: this.#boardId, id: attachment.id });
		this.#stream.mutate('deleted', { id: attachment.id }, run).then(
			() => (this.news = `${attachment.name} is deleted.`),
			(error: unknown) => toasts.show(`Could not delete the file. ${wordsFor(error)}`, { kind: 'problem' })
		);
	}

	async #run(sending: Sending): Promise<void> {
		if (sending.isStopped) return;
		const { file, cardId } = sending;
		// Some systems know no type of plain files. The server looks at the bytes.
		const typed = file.type ? file : new File([file], file.name, { type: 'text/plain' });
		sending.task = attach(typed, { boardId: this.#boardId, cardId });
		try {
			await sending.task;
			this.stop(sending);
			this.news = `${file.name} is attached.`;
		} catch (error) {
			sending.problem = wordsFor(error);
		}
	}
}

/** Why a file need not be sent at all. */
function refusal({ size, type }: File): string | null {
	if (size > LIMITS.fileBytes) return `It is larger than ${LIMITS.fileBytes / 1024 / 1024} MiB.`;
	const isTaken = type === '' || type.startsWith('text/') || FILE_TYPES.some((taken) => taken === type);
	return isTaken ? null : 'Only images, PDFs and text can be attached.';
}
