// What people know of webhooks, signals and messages beside calls, run.
import { afterEach, describe, expect, it } from 'vitest';
import { onRequest, onSignal, sendMessage } from '../../../src/client/index.ts';
import { live } from '../../../src/live/index.ts';
import { createTestEnv, type TestClient } from '../../../src/testing/index.ts';
import { ada, bob } from './people.ts';

const reported: unknown[] = [];
const env = createTestEnv({ onError: (path) => void reported.push(path) });
afterEach(async () => {
	await env.cleanup();
	reported.length = 0;
});

interface Payment {
	id: string;
	type: string;
	object: { id: string; amount: number };
}

describe('a webhook', () => {
	function shop() {
		const payments = live.stream('payments', () => [] as Payment['object'][]);
		const events = live.webhook<Payment>('payments', {
			verify: ({ body, headers }) => {
				if (headers['x-signature'] !== `signed ${body.length}`) throw new Error('wrong signature');
				return JSON.parse(body) as Payment;
			},
			transform: ({ type, object }) => (type === 'payment.succeeded' ? { event: 'created', data: object } : null)
		});
		env.register('shop', { payments, events });
		const deliver = async (payment: Payment, sign = (body: string) => `signed ${body.length}`) => {
			const body = JSON.stringify(payment);
			const answer = await events.handle({ body, headers: { 'X-Signature': sign(body) } });
			await env.settle();
			return answer.status;
		};
		return { payments, deliver, events };
	}
	const payment = (id: string, type = 'payment.succeeded'): Payment => ({ id, type, object: { id, amount: 5 } });

	it('shows a payment to everybody who looks, once, and leaves other events out', async () => {
		const { payments, deliver } = shop();
		const list = env.connect(ada).subscribe(payments);
		await list.ready;
		expect(await deliver(payment('e1'))).toBe(200);
		expect(await deliver(payment('e1'))).toBe(200); // the service delivers again
		expect(await deliver(payment('e2', 'payment.created'))).toBe(200);
		expect(list.events.map(({ event, data }) => [event, data])).toEqual([['created', { id: 'e1', amount: 5 }]]);
	});

	it('takes nothing of somebody who cannot sign', async () => {
		const { payments, deliver } = shop();
		const list = env.connect(ada).subscribe(payments);
		await list.ready;
		expect(await deliver(payment('e1'), () => 'forged')).toBe(401);
		expect(list.events).toEqual([]);
		expect(reported).toEqual(['shop/events']);
	});

	it('is an endpoint of SvelteKit by itself', async () => {
		const { events } = shop();
		await env.settle();
		const body = JSON.stringify(payment('e1'));
		const headers = { 'x-signature': `signed ${body.length}` };
		const request = new Request('http://app/api/shop', { method: 'POST', body, headers });
		expect((await events.POST({ request })).status).toBe(200);
	});
});

describe('a signal', () => {
	const listen = (page: TestClient): unknown[][] => {
		const heard: unknown[][] = [];
		onSignal((event, data) => void heard.push([event, data]), page.client);
		return heard;
	};

	it('rings at all pages of one user, and at nobody else’s', async () => {
		const offer = live((ctx, userId: string, sdp: string) =>
			ctx.signal(userId, 'call:offer', { from: ctx.user.id, sdp })
		);
		env.register('calls', { offer });
		const [caller, phone, desktop] = [env.connect(ada), env.connect(bob), env.connect(bob)];
		const [hers, onPhone, onDesktop] = [caller, phone, desktop].map(listen);
		await env.settle();
		await caller.call(offer, 'bob', 'hello');
		await env.settle();
		for (const heard of [onPhone, onDesktop])
			expect(heard).toEqual([['call:offer', { from: 'ada', sdp: 'hello' }]]);
		expect(hers).toEqual([]);
	});

	it('whose target a page chooses is sent only where the application agrees', async () => {
		const ring = live.signal<string>('ring', {
			authorize: (ctx, userId) => userId !== 'bob' || ctx.user.role === 'admin'
		});
		env.register('calls', { ring });
		const [one, other] = [env.connect(ada), env.connect(bob)];
		const heard = listen(other);
		await env.settle();
		await expect(one.call(ring, 'bob', 'hey')).rejects.toMatchObject({ code: 'FORBIDDEN' });
		await other.call(ring, 'bob', 'me');
		await env.settle();
		expect(heard).toEqual([['ring', 'me']]);
	});

	it('may be a question, and the page’s answer comes back to the handler', async () => {
		const confirm = live((ctx) => ctx.request(ctx.user.id, 'confirm', 'Delete everything?'));
		env.register('m', { confirm });
		const page = env.connect(ada);
		onRequest('confirm', (question) => question === 'Delete everything?', page.client);
		await env.settle();
		expect(await page.call(confirm)).toBe(true);
	});
});

describe('a message that is no call', () => {
	it('reaches the application with who sent it, text or bytes', async () => {
		const got: unknown[] = [];
		const open = createTestEnv({ onUnhandled: ({ user }, data) => void got.push([user.id, data]) });
		open.register('m', { ping: live(() => 'pong') });
		const { client } = open.connect(ada);
		await client.call('m/ping', []);
		sendMessage({ kind: 'custom' }, client);
		sendMessage(Uint8Array.of(1, 2), client);
		await open.settle();
		expect(got).toEqual([
			['ada', { kind: 'custom' }],
			['ada', Uint8Array.of(1, 2)]
		]);
		await open.cleanup();
	});
});
