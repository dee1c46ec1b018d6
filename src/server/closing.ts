// The end of a stream, for what waits at its expense: what hangs must not be waited for when nobody wants it any more.

export class Closing {
	#onClose: (() => void) | null = null;

	close(): void {
		this.#onClose?.();
	}

	/** The outcome, or null when the end comes first. One at a time. */
	before<Outcome>(outcome: Promise<Outcome>): Promise<Outcome | null> {
		const result = new Promise<Outcome | null>((resolve, reject) => {
			this.#onClose = () => resolve(null);
			outcome.then(resolve, reject);
		});
		return result.finally(() => (this.#onClose = null)); // it would keep the promise as long as the stream is open
	}
}
