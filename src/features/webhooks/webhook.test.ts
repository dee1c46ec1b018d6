import { createHmac } from 'node:crypto';
import { afterEach, describe, expect, it } from 'vitest';
import { LiveError } from '../../base/errors.ts';
import { hmacWebhook, live, standardWebhook } from '../../live/index.ts';
import { runtime } from '../../server/runtime.ts';
import { createTestEnv } from '../../testing/index.ts';

interface Payment {
	id: string;
	type: string;
	amount: number;
}

const errors: unknown[] = [];
const env = createTestEnv({ onError: (_, error) => void errors.push(error) });
afterEach(async () => {
	await env.cleanup();
	errors.length = 0;
});

const SECRET = 'it is a secret';
const sign = (body: string, secret = SECRET): string =>
	`sha256=${createHmac('sha256', secret).update(body).digest('hex')}`;
const paid = (id: string, amount = 1): string => JSON.stringify({ id, type: 'paid', amount });
const post = (body: string, headers: Record<string, string> = {}): Request =>
	new Request('http://app/hooks/pay', { method: 'POST', body, headers: { 'x-signature': sign(body), ...headers } });

let fails = 0;
function makeModule(more: Partial<Parameters<typeof live.webhook<Payment>>[1]> = {}) {
	return {
		payments: live.stream('payments', () => [] as Payment[], {}),
		hook: live.webhook<Payment>('payments', {
			verify: hmacWebhook({ secret: SECRET, header: 'X-Signature', prefix: 'sha256=' }),
			transform: (payment) => {
				if (payment.type === 'broken') throw new Error('cannot read it');
				if (payment.type === 'away' && fails++ === 0)
					throw new LiveError('UNAVAILABLE', 'the database is away');
				return payment.type === 'ignored' ? null : { event: 'created', data: payment };
			},
			...more
		})
	};
}

async function begin(more?: Parameters<typeof makeModule>[0]) {
	const module = makeModule(more);
	env.register('m', module);
	const list = env.connect({ id: 'ann' }).subscribe(module.payments);
	await list.ready;
	const deliver = async (request: Request): Promise<string> => {
		const response = await module.hook.POST({ request });
		await env.settle();
		return `${response.status} ${(await response.text()).trim()}`;
	};
	return { module, list, deliver };
}

describe('a webhook', () => {
	it('publishes what a verified delivery says, each delivery once', async () => {
		const { list, deliver } = await begin();
		expect(await deliver(post(paid('p1')))).toBe('200 ok');
		expect(await deliver(post(paid('p1')))).toBe('200 repeated');
		expect(await deliver(post(paid('p2')))).toBe('200 ok');
		expect(list.value).toEqual([JSON.parse(paid('p1')), JSON.parse(paid('p2'))]);
		expect(list.events).toHaveLength(2);
	});

	it('publishes a delivery once that comes twice at the same time; who comes second tries again', async () => {
		const { promise: told, resolve: tell } = Promise.withResolvers<void>();
		const transform = async (data: Payment) => {
			await told;
			return { event: 'created', data };
		};
		const { list, deliver } = await begin({ transform });
		const first = deliver(post(paid('p1')));
		await env.settle();
		expect(await deliver(post(paid('p1')))).toBe('503 the same delivery is being taken');
		tell();
		expect(await first).toBe('200 ok');
		expect(list.events).toHaveLength(1);
	});

	it('verifies before anything is parsed', async () => {
		const { list, deliver } = await begin();
		const forged = post(paid('p1', 1_000_000), { 'x-signature': sign(paid('p1')) });
		expect(await deliver(forged)).toBe('401 the delivery was not verified');
		for (const signature of ['', 'sha256=', 'sha256=zz', sign('not json', 'another secret')])
			expect(await deliver(post('not json', { 'x-signature': signature }))).toBe(
				'401 the delivery was not verified'
			);
		expect(list.events).toEqual([]);
		expect(errors).toHaveLength(5);
	});

	it('is verified by the bytes that were sent', async () => {
		const { deliver } = await begin();
		expect(await deliver(post(`\uFEFF${paid('p1')}`))).toMatch(/^401/); // verified, and then no JSON
		const bytes = new Request('http://app/', { method: 'POST', body: new Uint8Array([0xff, 0xfe]) });
		expect(await deliver(bytes)).toBe('400 the body is not UTF-8');
	});

	it('refuses what is stale, from the future, or says no time where it should', async () => {
		const sentAt = (_: Payment, { headers }: { headers: Readonly<Record<string, string>> }) =>
			Number(headers['x-time']);
		const { list, deliver } = await begin({ sentAt, toleranceMs: 60_000 });
		const now = env.now;
		const at = (id: string, ms: number): Request => post(paid(id), { 'x-time': String(ms) });
		expect(await deliver(at('p1', now - 60_001))).toMatch(
			/^400 the delivery is stale; the limit "toleranceMs" is 60000/
		);
		expect(await deliver(at('p1', now + 60_001))).toMatch(/^400/);
		expect(await deliver(post(paid('p1')))).toMatch(/^400/);
		expect(await deliver(at('p1', now - 60_000))).toBe('200 ok');
		expect(list.events).toHaveLength(1);
	});

	it('is delivered again after a failure that may pass, and reports one that will not', async () => {
		const { list, deliver } = await begin();
		const away = JSON.stringify({ id: 'p1', type: 'away', amount: 1 });
		expect(await deliver(post(away))).toBe('503 the database is away');
		expect(await deliver(post(away))).toBe('200 ok');
		expect(await deliver(post(JSON.stringify({ id: 'p2', type: 'broken' })))).toBe('500 something went wrong');
		expect(await deliver(post(JSON.stringify({ id: 'p3', type: 'ignored' })))).toBe('200 ok');
		expect(list.events).toHaveLength(1);
		expect(errors.map(String)).toEqual([
			expect.stringContaining('away'),
			expect.stringContaining('cannot read it')
		]);
	});

	it('has no body beyond its limit, and no other method', async () => {
		const { deliver } = await begin({ maxBytes: 100 });
		expect(await deliver(post('x'.repeat(101)))).toMatch(/^413 .*"maxBytes" of 100/);
		expect(await deliver(new Request('http://app/'))).toMatch(/^405/);
	});

	it('tells deliveries without an id apart by what they say, or not at all', async () => {
		const same = JSON.stringify({ type: 'paid', amount: 1 });
		const { deliver } = await begin();
		expect([await deliver(post(same)), await deliver(post(same))]).toEqual(['200 ok', '200 repeated']);
		await env.cleanup();
		const { deliver: deliverEach } = await begin({ id: () => null });
		expect([await deliverEach(post(same)), await deliverEach(post(same))]).toEqual(['200 ok', '200 ok']);
	});

	it('is served under its path by itself where it has one, as long as its module is there', async () => {
		await begin({ path: '/hooks/pay' });
		const { routes } = runtime();
		const response = await routes.get('/hooks/pay')!(post(paid('p1')));
		expect(response.status).toBe(200);
		await env.cleanup();
		expect(routes.size).toBe(0);
	});

	it('takes nothing while no server runs', async () => {
		const { hook } = makeModule();
		const { status } = await hook.handle({ body: paid('p1'), headers: {} });
		expect(status).toBe(503);
	});

	it('takes a delivery that was read already', async () => {
		const { module } = await begin();
		const body = paid('p1');
		const { status } = await module.hook.handle({ body, headers: { 'X-Signature': sign(body) } });
		expect(status).toBe(200);
	});

	it('is not made without a secret or a way to verify', () => {
		expect(() => live.webhook('t', {} as never)).toThrow(/needs "verify"/);
		expect(() => makeModule({ path: 'hooks' })).toThrow(/must begin with "\/"/);
		expect(() => hmacWebhook({ secret: '', header: 'x' })).toThrow(/no secret/);
		expect(() => standardWebhook(undefined as never)).toThrow(/no secret/);
		expect(() => standardWebhook('whsec_!')).toThrow(/base64/);
	});
});

describe('a webhook by the Standard Webhooks specification', () => {
	const secret = `whsec_${Buffer.from('some random bytes').toString('base64')}`;
	const signed = (body: string, { id, seconds }: { id: string; seconds: number }): Record<string, string> => ({
		'webhook-id': id,
		'webhook-timestamp': String(seconds),
		'webhook-signature': `v1,AAAA v1,${createHmac('sha256', 'some random bytes').update(`${id}.${seconds}.${body}`).digest('base64')}`
	});

	it('is verified with its id and its time, and stale without further ado', async () => {
		const { deliver } = await begin({ verify: standardWebhook(secret) });
		const seconds = Math.floor(env.now / 1_000);
		const body = paid('p1');
		expect(await deliver(post(body, signed(body, { id: 'm1', seconds })))).toBe('200 ok');
		expect(await deliver(post(body, signed(body, { id: 'm1', seconds })))).toBe('200 repeated');
		expect(await deliver(post(body, signed(body, { id: 'm2', seconds: seconds - 400 })))).toMatch(
			/^400 the delivery is stale/
		);
		const moved = { ...signed(body, { id: 'm3', seconds: seconds - 400 }), 'webhook-timestamp': String(seconds) };
		expect(await deliver(post(body, moved))).toMatch(/^401/);
		expect(await deliver(post(body, { ...signed(body, { id: 'm4', seconds }), 'webhook-id': 'm5' }))).toMatch(
			/^401/
		);
	});
});
