// A client made of sections 6, 7 and 11 of PROTOCOL.md and nothing else: it shares no code with the client that ships, so
// that what the document leaves out is missed here.
import type { Scene } from './scene.ts';

type Json = null | boolean | number | string | Json[] | { [key: string]: Json };
type Position = [epoch: string, offset: number];
type Row = { id: string };
type Event = [offset: number, event: string | undefined, data: Row];

const PATH = 'lib/board/cards';

export class ModelClient {
	readonly #scene: Scene;
	readonly #board: string;
	value: Row[] | null = null;
	#position: Position | null = null;
	#id = 0;
	#alias: number | null = null;
	/** Between `subscribe`, `catchup` or `reset` and what answers it, events are ignored. */
	#waits = true;
	#answers: string[] = [];

	constructor(scene: Scene, board: string) {
		this.#scene = scene;
		this.#board = board;
	}

	async connect(): Promise<void> {
		this.#id = 0;
		this.#answers = ['["hello",1]'];
		this.#subscribe();
		await this.read();
	}

	#subscribe(): void {
		this.#waits = true;
		this.#alias = null;
		this.#answers.push(JSON.stringify(['subscribe', ++this.#id, PATH, this.#position, [this.#board]]));
	}

	/** Takes what came, and says what is to be said, until nothing comes any more. */
	async read(): Promise<void> {
		for (;;) {
			const lines = this.#scene.takeSeen().flatMap((frame) => frame.split('\n'));
			for (const line of lines) if (!line.startsWith('✕')) this.#take(JSON.parse(line.slice(2)) as Json[]);
			if (this.#answers.length === 0) return;
			await this.#scene.say(this.#answers.splice(0).join('\n'));
		}
	}

	#take(message: Json[]): void {
		const [kind, id] = message;
		if (kind === 'heartbeat') return this.#heartbeat(message);
		if (kind === 'event') {
			const [, alias, ...event] = message;
			if (alias === this.#alias) this.#event(event as unknown as Event);
		} else if (id !== this.#id) return; // of a subscription that is over
		else if (kind === 'snapshot') this.#state(message, message[6] as unknown as Row[]);
		else if (kind === 'resumed') this.#state(message, null);
		else if (kind === 'reset') this.#reset();
	}

	#reset(): void {
		this.#waits = true;
		this.#position = null;
	}

	#state(message: Json[], value: Row[] | null): void {
		const [, , alias, position, , events] = message as unknown as [string, number, number, Position, Json, Event[]];
		if (value === null && position[1] > (this.#position?.[1] ?? -1)) {
			this.#position = null;
			return this.#subscribe();
		}
		this.#alias = alias;
		this.#position = value === null ? [position[0], this.#position![1]] : position;
		if (value !== null) this.value = value;
		this.#waits = false;
		for (const event of events) this.#event(event);
	}

	#event([offset, event, row]: Event): void {
		if (this.#waits || this.#position === null) return;
		const [epoch, last] = this.#position;
		if (offset <= last) return;
		if (event !== undefined && offset > last + 1) return this.#catchUp();
		this.#position = [epoch, offset];
		const rows = this.value ?? [];
		if (event === 'deleted') this.value = rows.filter(({ id }) => id !== row.id);
		else if (rows.some(({ id }) => id === row.id)) this.value = rows.map((old) => (old.id === row.id ? row : old));
		else if (event === 'created') this.value = [...rows, row];
	}

	#heartbeat([, beat, heads]: Json[]): void {
		this.#answers.push(JSON.stringify(['pong', beat]));
		for (const [alias, offset] of heads as [number, number][]) {
			if (alias === this.#alias && !this.#waits && offset > (this.#position?.[1] ?? 0)) this.#catchUp();
		}
	}

	#catchUp(): void {
		this.#waits = true;
		this.#answers.push(JSON.stringify(['catchup', this.#id, this.#position]));
	}
}
