import { expectTypeOf } from 'vitest';
import { channel, stream } from './define-stream.ts';

interface Pointer {
	key: string;
	x: number;
}

// A channel takes its arguments from its topic, with untyped contexts everywhere and hooks that look at fewer.
const pointers = channel<Pointer>()((_ctx, boardId: string) => ['pointers', boardId], {
	merge: 'cursor',
	access: (_ctx, boardId) => boardId !== '',
	onUnsubscribe: (ctx, topic) => ctx.publish(topic, 'remove', { key: ctx.connection.id })
});
expectTypeOf<Parameters<typeof pointers.topic>>().toEqualTypeOf<[boardId: string]>();
expectTypeOf(pointers('b').current).toEqualTypeOf<Pointer[] | undefined>();
// @ts-expect-error -- the board is missing
pointers.topic();

const typing = channel('typing');
expectTypeOf<Parameters<typeof typing.topic>>().toEqualTypeOf<[]>();

const notes = channel((_ctx, roomId: number) => ['notes', roomId]);
expectTypeOf<Parameters<typeof notes.topic>>().toEqualTypeOf<[roomId: number]>();

// So does a stream, also where its load looks at none of them.
const rows = stream(
	(_ctx, boardId: string) => ['rows', boardId],
	() => [{ id: 'a' }]
);
expectTypeOf<Parameters<typeof rows.topic>>().toEqualTypeOf<[boardId: string]>();
