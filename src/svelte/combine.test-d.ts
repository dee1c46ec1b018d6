import { expectTypeOf } from 'vitest';
import type { LiveResource } from '../base/surface.ts';
import { combine } from './combine.ts';

declare const orders: LiveResource<{ id: number }[], { set: unknown }>;
declare const stock: LiveResource<Map<string, number>, { set: unknown }>;

const both = combine(orders, stock, (o, s) => {
	expectTypeOf(o).toEqualTypeOf<{ id: number }[] | undefined>();
	expectTypeOf(s).toEqualTypeOf<Map<string, number> | undefined>();
	return (o?.length ?? 0) + (s?.size ?? 0);
});
expectTypeOf(both.current).toEqualTypeOf<number>();

// A combination is a source again.
const next = combine(both, orders, (sum, o) => {
	expectTypeOf(sum).toEqualTypeOf<number>();
	return `${sum} ${o?.length}`;
});
expectTypeOf(next.current).toEqualTypeOf<string>();
