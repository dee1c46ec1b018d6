// A stream as a promise. It holds its subscription only until it knows the answer.

import type { StreamSource } from './stream-source.ts';

/** Resolves to the stream's value as soon as there is one, which may be at once; rejects with the stream's error. */
export function settled(stream: StreamSource): Promise<unknown> {
	return new Promise((resolve, reject) => {
		const settle = () => {
			const { error, ready, value } = stream.state;
			if (error) reject(error);
			else if (ready) resolve(value);
			else return;
			stop();
		};
		// Listening comes first: it makes a stream that had failed and was left try again.
		const stop = stream.onChange(settle);
		settle();
	});
}
