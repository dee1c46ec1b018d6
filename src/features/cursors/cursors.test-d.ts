// What cursors may say, and what the compiler refuses.

import * as v from 'valibot';
import { expectTypeOf } from 'vitest';
import { cursors } from './cursors.ts';

const plain = cursors((_ctx, docId: string) => ['doc', docId]);
plain('d').move({ x: 1, y: 2 });
plain('d').move(null);
// @ts-expect-error -- y is missing
plain('d').move({ x: 1 });
// @ts-expect-error -- the argument is missing
plain();
expectTypeOf(plain('d').current).toExtend<{ key: string; x: number; y: number }[] | undefined>();

const carets = cursors('carets', { place: v.object({ line: v.number() }), data: (ctx) => ({ name: ctx.user.id }) });
carets.move({ line: 1 });
expectTypeOf(carets.current).toExtend<{ key: string; line: number; name: string | number }[] | undefined>();
// @ts-expect-error -- a caret is in a line
carets.move({ x: 1, y: 2 });
