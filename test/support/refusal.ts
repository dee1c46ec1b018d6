/** What a promise is rejected with; fails the test where it resolves. */
export const refusal = (promise: Promise<unknown>): Promise<unknown> =>
	promise.then(
		() => Promise.reject(new Error('it was not refused')),
		(error: unknown) => error
	);
