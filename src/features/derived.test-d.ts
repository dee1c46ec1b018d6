// What derived data may say, and what the compiler refuses.

import { expectTypeOf } from 'vitest';
import { live } from '../live/live.ts';

interface Order {
	id: string;
	amount: number;
}
declare const order: Order;
const orders = live.stream('orders', () => [order]);
const total = live.stream('total', () => 0, { merge: 'set' });

// Effects.
live.effect(['orders', ['stock', 5]], (event, data, ctx) => {
	expectTypeOf(event).toEqualTypeOf<string>();
	expectTypeOf(data).toEqualTypeOf<Record<string, unknown>>();
	expectTypeOf(ctx.id).toEqualTypeOf<string>();
	ctx.publish(total.topic(), 'set', 5);
	// @ts-expect-error -- nobody calls
	void ctx.user;
});
live.effect(['orders'], (_event, data: Order) => data.amount);
live.effect([orders], (event) => {
	expectTypeOf(event).toEqualTypeOf<'created' | 'updated' | 'deleted' | 'set'>();
});
live.effect([orders.topic()], (_event, data: Order) => data.amount);
// @ts-expect-error -- no event of orders carries a date
live.effect([orders], (_event, data: Date) => data);
// @ts-expect-error -- a list of topics
live.effect('orders', () => {});

// Jobs.
live.cron('* * * * *', (ctx) => expectTypeOf(ctx.scheduledAt).toEqualTypeOf<Date>());
live.cron('* * * * *', 'anything', () => ({ any: 'thing' }), { timezone: 'Europe/Berlin' });
live.cron('* * * * *', total, () => 5);
live.cron('* * * * *', total.topic(), async () => undefined);
// @ts-expect-error -- the total is a number
live.cron('* * * * *', total, () => 'five');

// Derived streams.
const count = live.derived([orders, 'stock'], async (ctx) => ctx.path.length);
expectTypeOf(count.current).toEqualTypeOf<number | undefined>();
const team = live.derived(
	(id: string) => [['members', id], orders],
	(_ctx, id) => ({ id }),
	{ debounce: 50, access: (ctx, id) => ctx.user.id === id }
);
expectTypeOf(team).parameters.toEqualTypeOf<[id: string]>();
expectTypeOf(team('a').current).toEqualTypeOf<{ id: string } | undefined>();
expectTypeOf(live.derived(['a'], () => [order], { merge: 'crud' }).current).toEqualTypeOf<Order[] | undefined>();
// @ts-expect-error -- nobody calls
live.derived(['a'], (ctx) => ctx.user);
// @ts-expect-error -- a `set` does not replace the last items
live.derived(['a'], () => [order], { merge: 'latest' });
// @ts-expect-error -- a stream with arguments has no topic of its own
live.derived([team], () => 1);

// Aggregates.
const stats = live.aggregate('orders', {
	count: { init: () => 0, reduce: (sum, event) => (event === 'created' ? sum + 1 : sum) },
	total: { init: () => 0, reduce: (sum, _event, data: Order) => sum + data.amount },
	byDay: { init: () => new Map<string, number>(), reduce: (days) => days },
	average: { compute: (fields) => (fields.count > 0 ? fields.total / fields.count : 0) }
});
expectTypeOf(stats.current).toEqualTypeOf<
	{ count: number; total: number; byDay: Map<string, number>; average: number } | undefined
>();
const sum = { init: () => 0, reduce: (value: number, _event: string, { amount }: Order) => value + amount };
expectTypeOf(live.aggregate(orders, { sum }, { window: { sliding: 5_000 } }).current).toEqualTypeOf<
	{ sum: number } | undefined
>();
expectTypeOf(live.aggregate(['orders'], { sum }, { window: { tumbling: 5_000 } }).current).toEqualTypeOf<
	({ sum: number } & { window: { start: Date; end: Date }; previous: { sum: number } }) | undefined
>();
expectTypeOf(
	live.aggregate('orders', { last: { init: () => 0, reduce: (_last, event) => event } }).current
).toEqualTypeOf<{ last: number | string } | undefined>();
// @ts-expect-error -- a field is reduced or computed
live.aggregate('orders', { count: { init: () => 0 } });
