// What a live module may say, and what the compiler refuses.

import * as v from 'valibot';
import { expectTypeOf } from 'vitest';
import type { LiveError } from '../base/errors.ts';
import type { LiveCall, LiveIdempotent, LiveQuery, LiveResource, LiveSnapshot } from '../base/surface.ts';
import type { SessionSource } from '../server/config.ts';
import type { BaseContext, LiveContext } from '../server/context.ts';
import { guard, live, publish, type ModuleGuard } from './live.ts';
import type { DefaultUser, User, UserOf } from '../server/session.ts';
import type { Topic } from '../server/topic.ts';

interface Card {
	id: string;
	title: string;
	done: boolean;
}
declare const card: Card;
declare const ctx: LiveContext;
declare const event: SessionSource;
declare function load(board: string): Promise<Card[]>;

// A stream takes its arguments from its topic, and its value from its load.
const cards = live.stream(
	(_ctx, board: string) => ['board', board],
	(_ctx, board) => load(board)
);
expectTypeOf(cards).parameters.toEqualTypeOf<[board: string]>();
expectTypeOf(cards('b').current).toEqualTypeOf<Card[] | undefined>();
// @ts-expect-error -- the argument is missing
cards();
// @ts-expect-error -- the argument is of the wrong type
cards(5);
// @ts-expect-error -- there is no second argument
cards('b', 'c');

// A load, a rule or a hook may look at fewer of the arguments; none may ask for others.
const fewer = live.stream(
	(_ctx, board: string, _page: number) => ['board', board],
	() => [card],
	{ access: (_ctx, board) => board.length > 0, onSubscribe: (_ctx, _topic) => {} }
);
expectTypeOf(fewer).parameters.toEqualTypeOf<[board: string, _page: number]>();
// @ts-expect-error -- the topic says that the board is a string
live.stream(
	(_ctx, board: string) => ['board', board],
	(_ctx, board: number) => [board]
);
// @ts-expect-error -- a rule sees the arguments of the topic
live.stream(
	(_ctx, board: string) => ['board', board],
	() => [card],
	{
		access: (_ctx, board: number) => board > 0
	}
);
// @ts-expect-error -- a rule answers with yes or no
live.stream('board', () => [card], { access: () => 'yes' });
live.stream(
	(_ctx, board: string) => ['board', board],
	() => [card],
	{
		onSubscribe: (context, topic, board) => {
			expectTypeOf(context).toEqualTypeOf<LiveContext>();
			expectTypeOf(topic).toEqualTypeOf<Topic>();
			expectTypeOf(board).toEqualTypeOf<string>();
		}
	}
);
live.stream(
	// @ts-expect-error -- an object is no part of a topic
	(_ctx, board: string) => [{ board }],
	() => []
);
// @ts-expect-error -- there is no such way to merge
live.stream('x', () => [card], { merge: 'append' });

// What may be published to a topic is what its stream carries.
ctx.publish(cards.topic('b'), 'created', card);
ctx.publish(cards.topic('b'), 'updated', card);
ctx.publish(cards.topic('b'), 'deleted', { id: 'c' });
ctx.publish(cards.topic('b'), 'set', [card]);
ctx.throttle(cards.topic('b'), 'updated', card, 50);
ctx.debounce(cards.topic('b'), 'updated', card, 50);
expectTypeOf(publish(cards.topic('b'), 'created', card)).toEqualTypeOf<Promise<void>>();
expectTypeOf(ctx.publish(cards.topic('b'), 'created', card)).toEqualTypeOf<void>();
// @ts-expect-error -- the row has no title
ctx.publish(cards.topic('b'), 'created', { id: 'c', done: true });
// @ts-expect-error -- the title is of the wrong type
ctx.publish(cards.topic('b'), 'updated', { ...card, title: 5 });
// @ts-expect-error -- a row of no kind
ctx.publish(cards.topic('b'), 'created', 'card');
// @ts-expect-error -- nothing is created
ctx.publish(cards.topic('b'), 'created');
// @ts-expect-error -- there is no such event
ctx.publish(cards.topic('b'), 'create', card);
// @ts-expect-error -- an event of another way to merge
ctx.publish(cards.topic('b'), 'join', card);
// @ts-expect-error -- what is deleted is named by its key
ctx.publish(cards.topic('b'), 'deleted', { title: 'x' });
// @ts-expect-error -- the key is of the wrong type
ctx.publish(cards.topic('b'), 'deleted', { id: 5 });
// @ts-expect-error -- the list is replaced by a list
ctx.publish(cards.topic('b'), 'set', card);
// @ts-expect-error -- the row has no title
ctx.throttle(cards.topic('b'), 'updated', { id: 'c' }, 50);
// @ts-expect-error -- the row has no title
void publish(cards.topic('b'), 'created', { id: 'c' });
// @ts-expect-error -- the topic needs its argument
cards.topic();
// @ts-expect-error -- the argument is of the wrong type
cards.topicFor(ctx, 5);

// By its parts a topic takes anything.
ctx.publish(['board', 'b', 5], 'anything', { at: new Date() });
ctx.publish('board', 'nothing');

// The key is the one that the options name.
const bySlug = live.stream('pages', () => [{ slug: 'a', text: '' }], { key: 'slug' });
ctx.publish(bySlug.topic(), 'deleted', { slug: 'a' });
// @ts-expect-error -- the key is "slug"
ctx.publish(bySlug.topic(), 'deleted', { id: 'a' });

// One value, and the last items of a list.
const setting = live.stream('setting', () => ({ theme: 'dark' }), { merge: 'set' });
expectTypeOf(setting.current).toEqualTypeOf<{ theme: string } | undefined>();
ctx.publish(setting.topic(), 'set', { theme: 'light' });
// @ts-expect-error -- one value is not created
ctx.publish(setting.topic(), 'created', { theme: 'light' });
const log = live.stream('log', () => [{ line: '' }], { merge: 'latest', max: 5 });
ctx.publish(log.topic(), 'whatever', { line: 'x' });
// @ts-expect-error -- the item has a line
ctx.publish(log.topic(), 'whatever', { text: 'x' });

// A stream without arguments is its own resource.
const messages = live.stream('messages', () => [card]);
expectTypeOf(messages.current).toEqualTypeOf<Card[] | undefined>();
expectTypeOf<(typeof messages)['subscribe']>().toBeFunction();
expectTypeOf(messages()).toExtend<LiveResource<Card[], unknown>>();
// @ts-expect-error -- a stream with arguments is not
void cards.current;
// @ts-expect-error -- nor can it be subscribed to
void cards.subscribe;

// The surface of a resource.
const list = cards('b');
expectTypeOf(list.ready).toEqualTypeOf<boolean>();
expectTypeOf(list.loading).toEqualTypeOf<boolean>();
expectTypeOf(list.connected).toEqualTypeOf<boolean>();
expectTypeOf(list.error).toEqualTypeOf<LiveError | undefined>();
expectTypeOf(list.refresh()).toEqualTypeOf<Promise<void>>();
expectTypeOf<Awaited<typeof list>>().toEqualTypeOf<Card[]>();
expectTypeOf<(typeof list)['hydrate']>().parameter(0).toEqualTypeOf<LiveSnapshot<Card[]>>();
expectTypeOf(cards.load(event, 'b')).toEqualTypeOf<Promise<LiveSnapshot<Card[]>>>();
expectTypeOf(list.optimistic('created', card)).toEqualTypeOf<() => void>();
expectTypeOf(list.mutate('created', card, async () => 5)).toEqualTypeOf<Promise<number>>();
list.subscribe((value) => expectTypeOf(value).toEqualTypeOf<Card[] | undefined>());
// @ts-expect-error -- a value is there only when it has arrived
void list.current.length;
// @ts-expect-error -- what is shown early has to fit, too
list.optimistic('created', { id: 'c' });
// @ts-expect-error -- the properties are read-only
list.current = [];
// @ts-expect-error -- a snapshot of another stream
list.hydrate(null as unknown as LiveSnapshot<number>);
// @ts-expect-error -- load needs the arguments, too
void cards.load(event);

// Channels name the type of their rows.
const typing = live.channel<{ key: string; name: string }>()('typing', { merge: 'presence' });
expectTypeOf(typing.current).toEqualTypeOf<{ key: string; name: string }[] | undefined>();
ctx.publish(typing.topic(), 'join', { key: 'a', name: 'Ada' });
ctx.publish(typing.topic(), 'leave', { key: 'a' });
// @ts-expect-error -- who leaves is named by "key"
ctx.publish(typing.topic(), 'leave', { id: 'a' });
// @ts-expect-error -- who joins has a name
ctx.publish(typing.topic(), 'join', { key: 'a' });
const cursors = live.channel<{ key: string; x: number }>()((_ctx, board: string) => ['cursors', board], {
	merge: 'cursor',
	access: (_ctx, board) => board !== ''
});
expectTypeOf(cursors).parameters.toEqualTypeOf<[board: string]>();
ctx.publish(cursors.topic('b'), 'update', { key: 'a', x: 5 });
ctx.publish(cursors.topic('b'), 'remove', { key: 'a' });
// @ts-expect-error -- x is a number
ctx.publish(cursors.topic('b'), 'update', { key: 'a', x: '5' });
const presenter = live.channel<{ slide: number }>()('presenter', { merge: 'set' });
expectTypeOf(presenter.current).toEqualTypeOf<{ slide: number } | undefined>();
expectTypeOf(live.channel('anything').current).toEqualTypeOf<Record<string, unknown>[] | undefined>();

// Calls keep the types of their functions.
const add = live((context, title: string, done?: boolean) => {
	expectTypeOf(context).toEqualTypeOf<LiveContext>();
	return { ...card, title, done: done ?? false };
});
expectTypeOf(add).toEqualTypeOf<LiveCall<[title: string, done?: boolean], Card>>();
expectTypeOf(live(async () => 5)).toEqualTypeOf<LiveCall<[], number>>();
// @ts-expect-error -- the title is missing
void add();

// Validated input: what the caller gives, and what the handler gets.
const save = live.validated(v.object({ id: v.string(), size: v.optional(v.number(), 3) }), (_ctx, input) => {
	expectTypeOf(input).toEqualTypeOf<{ id: string; size: number }>();
	return input.size;
});
expectTypeOf(save).parameter(0).toEqualTypeOf<{ id: string; size?: number | undefined }>();
expectTypeOf(save({ id: 'a' })).toEqualTypeOf<Promise<number>>();
// @ts-expect-error -- the id is missing
void save({});
// @ts-expect-error -- the input is missing
void save();
const rename = live.validated([v.string(), v.optional(v.number())], (_ctx, title, size) => {
	expectTypeOf(title).toEqualTypeOf<string>();
	expectTypeOf(size).toEqualTypeOf<number | undefined>();
});
void rename('a');
void rename('a', 5);
// @ts-expect-error -- the second argument is a number
void rename('a', 'b');
// @ts-expect-error -- there is no third argument
void rename('a', 5, 6);
const parsed = live.validated(v.pipe(v.string(), v.transform(Number)), (_ctx, input) => {
	expectTypeOf(input).toEqualTypeOf<number>();
});
void parsed('5');
// @ts-expect-error -- what goes over the wire is the text
void parsed(5);
const maybe = live.validated(v.optional(v.string()), () => 1);
void maybe();

// Queries can be asked afresh.
const find = live.query(async (_ctx, text: string) => [text]);
expectTypeOf(find).toEqualTypeOf<LiveQuery<[text: string], string[]>>();
expectTypeOf(find.fresh('x')).toEqualTypeOf<Promise<string[]>>();
const findById = live.query(v.string(), (_ctx, id) => ({ id }));
expectTypeOf(findById.fresh('x')).toEqualTypeOf<Promise<{ id: string }>>();
// @ts-expect-error -- a call cannot
void add.fresh;

// Calls with keys.
const pay = live.idempotent(v.object({ amount: v.number() }), (_ctx, { amount }) => `paid ${amount}`, {
	keepMs: 1_000
});
expectTypeOf(pay).toEqualTypeOf<LiveIdempotent<[input: { amount: number }], string>>();
expectTypeOf(pay.withKey('order-1', { amount: 5 })).toEqualTypeOf<Promise<string>>();
// @ts-expect-error -- the key comes first
void pay.withKey({ amount: 5 });
const book = live.idempotent(async (_ctx, seat: string, row?: number) => ({ seat, row }));
expectTypeOf(book).toEqualTypeOf<
	LiveIdempotent<[seat: string, row?: number], { seat: string; row: number | undefined }>
>();

// Guards and middleware see the context.
expectTypeOf(
	guard(
		(context) => expectTypeOf(context).toEqualTypeOf<LiveContext>(),
		async () => {}
	)
).toEqualTypeOf<ModuleGuard>();
live.middleware(async (context, next) => {
	expectTypeOf(context).toEqualTypeOf<LiveContext>();
	expectTypeOf(next).toEqualTypeOf<() => Promise<unknown>>();
	return await next();
});
// @ts-expect-error -- a guard is a function
guard({ user: 'ada' });

// Rules for everybody fit every stream, and rules about arguments the streams that have them.
live.stream(
	(_ctx, board: string) => ['board', board],
	() => [card],
	{
		access: live.access.any(live.access.role({ admin: true }), (_ctx, board: string) => board === 'public')
	}
);
live.stream('messages', () => [card], { access: live.access.all(live.access.owner(), live.access.team()) });
live.stream('messages', () => [card], {
	access: live.access.any(live.access.role({ admin: true }), (context) => {
		expectTypeOf(context).toEqualTypeOf<LiveContext>();
		return live.access.owner()(context);
	})
});
// @ts-expect-error -- a rule for a role is true, false or a function
live.access.role({ admin: 'yes' });

// The user is what the application says, in this order.
interface Member {
	id: number;
	name: string;
}
expectTypeOf<UserOf<{ user: Member }, { user: DefaultUser }>>().toEqualTypeOf<Member>();
expectTypeOf<UserOf<{ user: Member | null }, object>>().toEqualTypeOf<Member | null>();
expectTypeOf<UserOf<object, { user: Member }>>().toEqualTypeOf<Member>();
expectTypeOf<UserOf<object, { user?: Member }>>().toEqualTypeOf<Member>();
expectTypeOf<UserOf<object, { user: Member | null }>>().toEqualTypeOf<Member>();
expectTypeOf<UserOf<object, object>>().toEqualTypeOf<DefaultUser>();
expectTypeOf<UserOf<object, { other: 1 }>>().toEqualTypeOf<DefaultUser>();
expectTypeOf<User>().toEqualTypeOf<DefaultUser>();
expectTypeOf<BaseContext['user']>().toEqualTypeOf<User>();
// @ts-expect-error -- the context is the handler's own to read, not to replace
ctx.user = { id: 'eve' };

// What is wrapped stays what it is; a plain function becomes a call.
const often = { points: 1, window: 1_000 };
expectTypeOf(live.rateLimit(often, (_, id: string) => id.length)).toEqualTypeOf<LiveCall<[id: string], number>>();
expectTypeOf(
	live.rateLimit(
		often,
		live.query((_, id: string) => id)
	)
).toEqualTypeOf<LiveQuery<[id: string], string>>();
expectTypeOf(
	live.priority(
		'low',
		live((_, any: unknown) => any)
	)
).toEqualTypeOf<LiveCall<[any: unknown], unknown>>();
expectTypeOf(
	live.lock(
		'name',
		live.idempotent(() => 1)
	)
).toEqualTypeOf<LiveIdempotent<[], number>>();
expectTypeOf(
	live.lock(
		(_, id: string) => ['lock', id],
		(_, id: string) => id
	)
).toEqualTypeOf<LiveCall<[id: string], string>>();
const rows = live.stream('rows', () => [{ id: 1 }]);
expectTypeOf(live.rateLimit(often, rows)).toEqualTypeOf<typeof rows>();
