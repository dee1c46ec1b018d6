import { expect, test } from 'vitest';
import { Inbox } from './inbox.ts';

function inboxOf(take: (item: string) => unknown) {
	const log: string[] = [];
	const inbox = new Inbox<string>({
		take: (item) => {
			log.push(item);
			return take(item);
		},
		failed: (error) => void log.push(`failed: ${(error as Error).message}`),
		pause: () => void log.push('paused'),
		resume: () => void log.push('resumed'),
		idle: () => void log.push('idle')
	});
	return { inbox, log };
}

/** A handler whose promises a test settles. */
function manual() {
	const waiting: (() => void)[] = [];
	const take = () => new Promise<void>((resolve) => waiting.push(resolve));
	const next = async (): Promise<void> => {
		waiting.shift()?.();
		await new Promise((resolve) => setImmediate(resolve));
	};
	return { take, next };
}

test('messages wait until the inbox is opened, and nothing more is read meanwhile', () => {
	const { inbox, log } = inboxOf(() => undefined);
	inbox.push('a');
	inbox.push('b');
	expect(log).toEqual(['paused']);
	inbox.open();
	expect(log).toEqual(['paused', 'a', 'b', 'resumed']);
	inbox.push('c');
	expect(log.at(-1)).toBe('c');
});

test('the next message waits for the handler of the one before', async () => {
	const { take, next } = manual();
	const { inbox, log } = inboxOf(take);
	inbox.open();
	inbox.push('a');
	inbox.push('b');
	expect(log).toEqual(['a', 'paused']);
	expect(inbox.size).toBe(2);
	await next();
	expect(log).toEqual(['a', 'paused', 'b', 'resumed']);
	await next();
	expect(log.at(-1)).toBe('idle');
	expect(inbox.size).toBe(0);
});

test('a handler that fails is reported, and the order goes on', async () => {
	const { inbox, log } = inboxOf((item) => {
		if (item === 'throws') throw new Error('at once');
		return item === 'rejects' ? Promise.reject(new Error('later')) : undefined;
	});
	inbox.open();
	for (const item of ['throws', 'rejects', 'good']) inbox.push(item);
	await new Promise((resolve) => setImmediate(resolve));
	expect(log.filter((entry) => !/paused|resumed|idle/.test(entry))).toEqual([
		'throws',
		'failed: at once',
		'rejects',
		'failed: later',
		'good'
	]);
});

test('what a handler makes come is taken after it, not within it', () => {
	const { inbox, log } = inboxOf((item) => {
		if (item === 'a') inbox.push('b');
		log.push(`${item} done`);
	});
	inbox.open();
	inbox.push('a');
	expect(log.filter((entry) => !/paused|resumed/.test(entry))).toEqual(['a', 'a done', 'b', 'b done']);
});
