import { afterEach, describe, expect, it, vi } from 'vitest';
import { LiveError } from '../base/errors.ts';
import { onRequest, onSignal, sendMessage } from '../client/signals.ts';
import { live, request, signal } from '../live/live.ts';
import { createTestEnv } from '../testing/index.ts';
import type { SignalTarget } from './signals.ts';

const env = createTestEnv();
afterEach(() => env.cleanup());

interface Sent {
	to: SignalTarget;
	event: string;
	data?: unknown;
}

const module = {
	tell: live((context, { to, event, data }: Sent) => context.signal(to, event, data)),
	ask: live((context, { to, event, data }: Sent) => context.request(to, event, data, { timeoutMs: 2_000 })),
	here: live((context) => context.connection.id),
	offer: live.signal<string>('offer', { authorize: ({ user }, userId) => userId !== 'eve' && user.id !== 'eve' })
};

/** A page of a user that notes its signals. */
async function page(user: string | null) {
	env.register('m', module);
	const page = env.connect(user === null ? null : { id: user });
	const heard: unknown[][] = [];
	const stop = onSignal((event, data) => void heard.push([event, data]), page.client);
	const id = (await page.call('m/here')) as string;
	await env.settle();
	return { page, client: page.client, heard, stop, id };
}

describe('a signal', () => {
	it('reaches all pages of its user and nobody else', async () => {
		const [ann, annToo, bob] = [await page('ann'), await page('ann'), await page('bob')];
		await bob.page.call('m/tell', { to: 'ann', event: 'hello', data: { from: 'bob' } });
		await env.settle();
		for (const { heard } of [ann, annToo]) expect(heard).toEqual([['hello', { from: 'bob' }]]);
		expect(bob.heard).toEqual([]);
	});

	it('reaches one page by its connection, also one of a visitor without an identity', async () => {
		const [one, two, nobody] = [await page('ann'), await page('ann'), await page(null)];
		await signal({ connection: two.id }, 'one page');
		await signal({ connection: nobody.id }, 'a visitor', 1n);
		await env.settle();
		expect([one.heard, two.heard, nobody.heard]).toEqual([[], [['one page', undefined]], [['a visitor', 1n]]]);
	});

	it('tells a user whose id is a number from one whose id has the same digits', async () => {
		const text = await page('7');
		await signal(7, 'for the number');
		await signal({ user: '7' }, 'for the text');
		await env.settle();
		expect(text.heard).toEqual([['for the text', undefined]]);
	});

	it('is heard no more when the last listener has left, and again when one is back', async () => {
		const ann = await page('ann');
		ann.stop();
		await env.advance(60_000);
		await signal('ann', 'missed');
		await env.settle();
		const heard: string[] = [];
		onSignal((event) => void heard.push(event), ann.client);
		await env.settle();
		await signal('ann', 'heard');
		await env.settle();
		expect([ann.heard, heard]).toEqual([[], ['heard']]);
	});

	it('is heard again after the connection was lost', async () => {
		const ann = await page('ann');
		ann.page.disconnect();
		await signal('ann', 'missed');
		await ann.page.reconnect();
		await env.settle();
		await signal('ann', 'heard');
		await env.settle();
		expect(ann.heard).toEqual([['heard', undefined]]);
	});

	it('cannot have a name that is ours, none, or one that is too long', async () => {
		await page('ann');
		for (const name of ['%ask', '', 'x'.repeat(1_000)]) {
			await expect(signal('ann', name)).rejects.toThrow(TypeError);
		}
	});
});

describe('a signal from page to page', () => {
	it('is sent where the application agrees, and refused where it does not', async () => {
		const [ann, eve] = [await page('ann'), await page('eve')];
		await ann.page.call('m/offer', 'ann', 'to myself');
		await env.settle();
		expect(ann.heard).toEqual([['offer', 'to myself']]);
		await expect(ann.page.call('m/offer', 'eve', 'hi')).rejects.toMatchObject({ code: 'FORBIDDEN' });
		await expect(eve.page.call('m/offer', 'ann', 'hi')).rejects.toMatchObject({ code: 'FORBIDDEN' });
		await expect(ann.page.call('m/offer', { $ne: null }, 'hi')).rejects.toMatchObject({ code: 'BAD_REQUEST' });
		expect(eve.heard).toEqual([]);
	});

	it('is not made without somebody who decides', () => {
		expect(() => live.signal('offer', {} as never)).toThrow(/needs "authorize"/);
	});
});

describe('a question to a page', () => {
	it('is answered by the page that can; the first answer counts', async () => {
		const [one, two] = [await page('ann'), await page('ann')];
		onRequest('where', () => 'two', two.client);
		await expect(request('ann', 'where')).resolves.toBe('two');
		await expect(one.page.call('m/ask', { to: { connection: two.id }, event: 'where' })).resolves.toBe('two');
		expect([one.heard, two.heard]).toEqual([[], []]);
	});

	it('is refused as the page says, and without a detail where the page fails', async () => {
		const ann = await page('ann');
		const reported = vi.spyOn(console, 'error').mockImplementation(() => {});
		onRequest('busy', () => Promise.reject(new LiveError('CONFLICT', 'busy')), ann.client);
		onRequest('broken', () => Promise.reject(new Error('secret')), ann.client);
		await expect(request('ann', 'busy')).rejects.toMatchObject({ code: 'CONFLICT', message: 'busy' });
		const error: unknown = await request('ann', 'broken').catch((cause: unknown) => cause);
		expect(error).toMatchObject({ code: 'INTERNAL' });
		expect(String(error)).not.toContain('secret');
		expect(reported.mock.calls).toEqual([[new Error('secret')]]);
		reported.mockRestore();
	});

	it('is given up in time where nobody answers', async () => {
		const ann = await page('ann');
		const given = ann.page.call('m/ask', { to: 'bob', event: 'where' });
		given.catch(() => {});
		await env.settle();
		await env.advance(2_000);
		await expect(given).rejects.toMatchObject({ code: 'TIMEOUT' });
	});

	it('is not answered by a page that guesses, nor by nonsense', async () => {
		const [ann, eve] = [await page('ann'), await page('eve')];
		const given = ann.page.call('m/ask', { to: 'bob', event: 'where' });
		given.catch(() => {});
		await eve.page.call('%signals/answer', 'guessed', env.server.processId, 'forged');
		await expect(eve.page.call('%signals/answer', 1, 2, 3)).rejects.toMatchObject({ code: 'BAD_REQUEST' });
		await env.advance(2_000);
		await expect(given).rejects.toMatchObject({ code: 'TIMEOUT' });
	});

	it('has one answer on a page', async () => {
		const ann = await page('ann');
		const end = onRequest('where', () => 1, ann.client);
		expect(() => onRequest('where', () => 2, ann.client)).toThrow(/answered already/);
		end();
		onRequest('where', () => 3, ann.client);
		await expect(request('ann', 'where')).resolves.toBe(3);
	});
});

describe('a message of the application', () => {
	it('is taken with who sent it, and answered by a signal where it is', async () => {
		const own = createTestEnv({
			onUnhandled: ({ signal, connection, user }, data) =>
				signal({ connection: connection.id }, 'echo', [user.id, data])
		});
		const { client } = own.connect({ id: 'ann' });
		const heard: unknown[] = [];
		onSignal((event, data) => void heard.push([event, data]), client);
		await client.call('%signals/none', []).catch(() => {}); // it is connected now
		await own.settle();
		sendMessage(new Uint8Array([1, 2]), client);
		await own.settle();
		expect(heard).toEqual([['echo', ['ann', new Uint8Array([1, 2])]]]);
		await own.cleanup();
	});

	it('is reported where nobody takes it', async () => {
		const errors: unknown[] = [];
		const own = createTestEnv({ onError: (path, error) => void errors.push([path, String(error)]) });
		const ann = own.connect({ id: 'ann' });
		await ann.call('%signals/none').catch(() => {});
		sendMessage('hello', ann.client);
		await own.settle();
		expect(errors).toEqual([['%signals/message', expect.stringContaining('"onUnhandled" is not set')]]);
		expect(ann.status.state).toBe('open');
		await own.cleanup();
	});
});
