// What people know of who may read: rules of access, streams of one's own, and gates.
import { afterEach, describe, expect, it } from 'vitest';
import type { MaybePromise } from '../../../src/base/maybe-promise.ts';
import { live, type LiveContext } from '../../../src/live/index.ts';
import { createTestEnv } from '../../../src/testing/index.ts';
import { ada, bob } from './people.ts';

const env = createTestEnv();
afterEach(() => env.cleanup());

const { all, any, owner, role, team } = live.access;

/** Whether each of these visitors may read a stream with this rule. */
async function mayRead(access: (ctx: LiveContext) => MaybePromise<boolean>, users: (object | null)[]) {
	let loads = 0;
	const rows = live.stream('rows', () => [{ id: ++loads }], { access });
	env.register('m', { rows });
	const outcomes: boolean[] = [];
	for (const user of users) {
		const list = env.connect(user as typeof ada).subscribe(rows);
		outcomes.push(
			await list.ready.then(
				() => true,
				() => false
			)
		);
	}
	return { outcomes, loads };
}

describe('access', () => {
	it('lets administrators in; for others nothing is even loaded', async () => {
		const { outcomes, loads } = await mayRead((ctx) => ctx.user.role === 'admin', [ada, bob]);
		expect({ outcomes, loads }).toEqual({ outcomes: [false, true], loads: 1 });
	});

	it.each([
		['owner()', owner(), [true, true, false]],
		['owner(field)', owner('tenant'), [false, false, false]],
		['team()', team(), [false, false, false]],
		['role(map)', role({ admin: true, member: false }), [false, true, false]],
		['role(map) with a rule', role({ member: (ctx) => ctx.user.id === 'ada' }), [true, false, false]],
		['any(…)', any(role({ admin: true }), (ctx) => ctx.user?.id === 'ada'), [true, true, false]],
		['all(…)', all(owner(), role({ admin: true })), [false, true, false]]
	])('by %s lets in whom it says', async (_name, rule, expected) => {
		expect((await mayRead(rule, [ada, bob, null])).outcomes).toEqual(expected);
	});

	it('by team lets in who has one', async () => {
		expect((await mayRead(team(), [{ ...ada, teamId: 't' }])).outcomes).toEqual([true]);
	});
});

describe('a stream of one’s own', () => {
	it('shows everybody their own orders, in the first value and in events', async () => {
		const rows = [
			{ id: '1', of: 'ada' },
			{ id: '2', of: 'bob' }
		];
		const myOrders = live.stream(
			(ctx) => ['orders', ctx.user.id],
			(ctx) => rows.filter(({ of }) => of === ctx.user.id)
		);
		const order = live((ctx, id: string) =>
			ctx.publish(myOrders.topicFor(ctx), 'created', { id, of: ctx.user.id })
		);
		env.register('orders', { myOrders, order });
		const [one, other] = [env.connect(ada), env.connect(bob)];
		const [hers, his] = [one.subscribe(myOrders), other.subscribe(myOrders)];
		await Promise.all([hers.ready, his.ready]);
		await one.call(order, '3');
		await env.settle();
		expect(hers.value?.map(({ id }) => id)).toEqual(['1', '3']);
		expect(his.value?.map(({ id }) => id)).toEqual(['2']);
		expect(his.events).toEqual([]);
	});

	it('is not somebody else’s where the load looks at the caller and the topic does not', async () => {
		const database = Promise.withResolvers<void>();
		const inbox = live.stream('inbox', async (ctx) => {
			await database.promise;
			return [{ id: `for ${ctx.user.id}` }];
		});
		env.register('m', { inbox });
		const lists = [ada, bob, ada].map((user) => env.connect(user).subscribe(inbox));
		await env.settle();
		database.resolve(); // all of them have asked by now
		const values = await Promise.all(lists.map(({ ready }) => ready));
		expect(values.map(([row]) => row?.id)).toEqual(['for ada', 'for bob', 'for ada']);
	});
});

describe('a gate', () => {
	it('leaves the value undefined for whom it is closed: no error, no rows, no events', async () => {
		let loads = 0;
		const betaFeed = live.gate(
			(ctx) => ctx.user.role === 'admin',
			live.stream('beta-feed', () => [{ id: `load ${++loads}` }], { merge: 'latest' })
		);
		env.register('beta', { betaFeed });
		const [outside, inside] = [env.connect(ada).subscribe(betaFeed), env.connect(bob).subscribe(betaFeed)];
		await inside.ready;
		await env.publish(betaFeed.topic(), 'posted', { id: 'news' });
		await env.settle();
		expect(inside.value?.map(({ id }) => id)).toEqual(['load 1', 'news']);
		expect([outside.value, outside.error, outside.events]).toEqual([undefined, undefined, []]);
		expect(loads).toBe(1);
	});
});
