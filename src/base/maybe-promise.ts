// Synchronous handlers and backplanes answer without a promise: on the hot path a promise costs a pass of the loop.

export type MaybePromise<Value> = Value | PromiseLike<Value>;

export function isPromise<Value>(value: MaybePromise<Value>): value is PromiseLike<Value> {
	return typeof value === 'object' && value !== null && typeof (value as PromiseLike<Value>).then === 'function';
}

/** Applies `next` at once to a value, or later to a promise of one. */
export function whenDone<Value, Next>(
	value: MaybePromise<Value>,
	next: (value: Value) => MaybePromise<Next>
): MaybePromise<Next> {
	return isPromise(value) ? value.then(next) : next(value);
}
