// Names that server and client have agreed on for signals: they travel as ordinary streams and calls of a module of ours.

const MODULE = '%signals';

export const SIGNALS = {
	/** Channel of the user's signals, and of those to this connection alone. */
	user: `${MODULE}/user`,
	connection: `${MODULE}/connection`,
	/** Call that answers a question: its id, the process that asked, and the answer; or instead of it a code and a text. */
	answer: `${MODULE}/answer`,
	refuse: `${MODULE}/refuse`,
	/** Volatile call with a message of the application's own. */
	message: `${MODULE}/message`,
	module: MODULE,
	topic: MODULE,
	/** The event of a question: its id, the process that asks, the name and the data. */
	question: '%ask'
} as const;
