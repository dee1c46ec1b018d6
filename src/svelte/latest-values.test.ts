import { expect, test } from 'vitest';
import { MemoryStream } from '../../test/svelte/memory-stream.ts';
import { LiveError } from '../base/errors.ts';
import { LatestValues } from './latest-values.ts';

test('the current value comes first, then each change', async () => {
	const stream = new MemoryStream();
	stream.receive(1);
	const values = new LatestValues(stream);
	expect(await values.next()).toEqual({ done: false, value: 1 });
	const second = values.next();
	stream.set({ connected: false }); // No change of the value.
	stream.receive(2);
	expect(await second).toEqual({ done: false, value: 2 });
});

test('a slow consumer skips to the latest value', async () => {
	const stream = new MemoryStream();
	stream.receive(1);
	const values = new LatestValues(stream);
	await values.next();
	for (const value of [2, 3, 4]) stream.receive(value);
	expect(await values.next()).toEqual({ done: false, value: 4 });
});

test('an iterator that was never asked subscribes to nothing', () => {
	const stream = new MemoryStream();
	void new LatestValues(stream);
	expect(stream.listeners).toBe(0);
});

test('return ends the subscription and what waits for a value', async () => {
	const stream = new MemoryStream();
	const values = new LatestValues(stream);
	const waiting = values.next();
	expect(stream.listeners).toBe(1);
	await values.return();
	expect(await waiting).toEqual({ done: true, value: undefined });
	expect(stream.listeners).toBe(0);
	expect(await values.next()).toEqual({ done: true, value: undefined });
});

test('the error of the stream is thrown once and ends the subscription', async () => {
	const stream = new MemoryStream();
	const values = new LatestValues(stream);
	const waiting = values.next();
	stream.set({ error: new LiveError('FORBIDDEN') });
	await expect(waiting).rejects.toMatchObject({ code: 'FORBIDDEN' });
	expect(stream.listeners).toBe(0);
	expect(await values.next()).toEqual({ done: true, value: undefined });
});

test('values that two calls wait for go to them in order', async () => {
	const stream = new MemoryStream();
	const values = new LatestValues(stream);
	const waiting = [values.next(), values.next()];
	stream.receive(1);
	stream.receive(2);
	expect((await Promise.all(waiting)).map(({ value }) => value)).toEqual([1, 2]);
});
