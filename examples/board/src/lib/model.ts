// What the board's pages and its server share: the shapes of rows and the limits on what people may write.

/** Somebody who signed in. The colour comes from the id, so nobody has to store it. */
export interface Person {
	id: string;
	name: string;
}

export interface ColumnSummary {
	id: string;
	name: string;
	/** How many cards it holds. */
	cards: number;
}

/** A board as the list of boards shows it. */
export interface BoardSummary {
	id: string;
	name: string;
	/** Whether everyone who is signed in may open it; otherwise only its owner. */
	open: boolean;
	ownerId: string | null;
	columns: ColumnSummary[];
	/** Milliseconds since the Unix epoch. */
	changedAt: number;
}

export interface Column {
	id: string;
	name: string;
	rank: string;
}

export interface Card {
	id: string;
	columnId: string;
	title: string;
	/** Orders the cards of a column; see rank.ts. */
	rank: string;
	/** A short name from elsewhere, such as a commit or a ticket; null for cards made here. */
	ref: string | null;
	/** `YYYY-MM-DD`; null for cards made here. */
	date: string | null;
	/** Who changed it last; null for imported cards. */
	by: string | null;
	/** When, in milliseconds since the Unix epoch. */
	changedAt: number;
}

export interface Message {
	id: string;
	/** Grows by the order in which the server stored the messages; 0 while one is on its way. */
	seq: number;
	author: Person;
	text: string;
	/** Milliseconds since the Unix epoch. */
	at: number;
}

export type Deed =
	| 'added'
	| 'renamed'
	| 'moved'
	| 'deleted'
	| 'restored'
	| 'added-column'
	| 'renamed-column'
	| 'attached'
	| 'detached';

/** What somebody did, as the feed of the board tells it. */
export interface Activity {
	id: string;
	/** Milliseconds since the Unix epoch. */
	at: number;
	person: Person;
	deed: Deed;
	/** What it was done to, by the name that it had then. */
	title: string;
	/** The column of a card, or another name; null where there is nothing to add. */
	detail: string | null;
}

/** A file that belongs to a card. */
export interface Attachment {
	id: string;
	cardId: string;
	name: string;
	/** The media type, from what the file begins with. */
	type: string;
	/** In bytes. */
	size: number;
	by: Person;
	/** Milliseconds since the Unix epoch. */
	at: number;
}

/** How much happened on a board within some time. */
export interface Tally {
	added: number;
	moved: number;
	/** Cards that came to the last column. */
	done: number;
	messages: number;
}

/** A day in one sentence. */
export interface Digest {
	/** `YYYY-MM-DD`, in UTC. */
	day: string;
	text: string;
}

/** Whoever did most comes first. */
export interface ActivePerson extends Person {
	deeds: number;
}

export interface Statistics {
	columns: ColumnSummary[];
	/** Since midnight UTC. */
	today: Tally;
	active: ActivePerson[];
}

/** Somebody who has the board open. */
export interface Attendee extends Person {
	/** In the chat. */
	isTyping: boolean;
	/** The card whose title they write, if any. */
	writes: string | null;
}

/** A tab of somebody who looks at the board. */
export interface Cursor {
	/** Names the tab's connection. */
	key: string;
	/** A name that the tab chose, by which it knows its own cursor. */
	tab: string;
	person: Person;
	/** Over which column the pointer is. */
	columnId: string;
	/** Across the column, from 0 at its left edge to 1 at its right. */
	x: number;
	/** Down the column in cards: 2.5 is the middle of the third card. So viewers whose cards differ in height agree. */
	y: number;
	/** The card that is being edited or dragged, if any. */
	cardId: string | null;
}

export const LIMITS = {
	personName: 40,
	boardName: 60,
	columnName: 40,
	columns: 24,
	cardTitle: 300,
	message: 2000,
	/** Stays below adapter-node's own limit of 512 KiB for the body of a request. */
	csvBytes: 500_000,
	csvRows: 10_000,
	fileName: 120,
	fileBytes: 5 * 1024 * 1024,
	filesOfCard: 12,
	/** Of all files of a board together. */
	boardBytes: 200 * 1024 * 1024,
	historyPage: 50,
	/** How many deeds the feed shows. */
	activity: 50
} as const;

const ID_LETTERS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';

/** 18 letters, 108 random bits. `crypto.randomUUID` would be missing on a phone that opens the board over plain http. */
export function newId(): string {
	const bytes = crypto.getRandomValues(new Uint8Array(18));
	return Array.from(bytes, (byte) => ID_LETTERS[byte % 64]).join('');
}

/** What may be attached, by what a browser says of it; the server looks at the bytes, too. */
export const FILE_TYPES = ['image/png', 'image/jpeg', 'image/gif', 'image/webp', 'application/pdf', 'text/*'] as const;
