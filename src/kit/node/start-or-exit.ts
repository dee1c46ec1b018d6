// Production does not run with a mistake that it could have seen at its start.

import type { LiveApp } from '../live-app.ts';
import { reportError } from '../report.ts';

/** Starts the live part; a mistake ends the process with exit code 1 and says what it was. */
export async function startOrExit(app: LiveApp): Promise<void> {
	try {
		await app.start();
	} catch (error) {
		reportError(messageOf(error));
		process.exit(1);
	}
}

/** Our own messages say what to do and need no stack; what the app threw does. */
function messageOf(error: unknown): string {
	if (!(error instanceof Error)) return String(error);
	return error.message.startsWith('tidewire') ? error.message : (error.stack ?? error.message);
}
