// What people know of streams, run: kinds of merge, topics with arguments, channels, hooks, paced events and reconnection.
import { afterEach, describe, expect, it } from 'vitest';
import { live, LiveError } from '../../../src/live/index.ts';
import { createTestEnv } from '../../../src/testing/index.ts';
import { ada, bob } from './people.ts';

const env = createTestEnv();
afterEach(() => env.cleanup());

interface Message {
	id: string;
	by: string;
	text: string;
}

/** A chat with a table of its own. */
function chat() {
	const rows: Message[] = [];
	const messages = live.stream('messages', () => rows.toReversed().slice(0, 50), { merge: 'crud', prepend: true });
	const sendMessage = live((ctx, text: string) => {
		const user = ctx.user as { id: string } | null;
		if (!user) throw new LiveError('UNAUTHORIZED', 'Sign in to write');
		const message = { id: String(rows.length + 1), by: user.id, text };
		rows.push(message);
		ctx.publish(messages.topic(), 'created', message);
		return message;
	});
	env.register('chat', { messages, sendMessage });
	return { messages, sendMessage };
}

describe('a chat', () => {
	it('shows what was written before, then each new message on top, to everybody', async () => {
		const { messages, sendMessage } = chat();
		const writer = env.connect(ada);
		await writer.call(sendMessage, 'first');
		const list = env.connect(bob).subscribe(messages);
		await list.ready;
		expect(await writer.call(sendMessage, 'second')).toEqual({ id: '2', by: 'ada', text: 'second' });
		await env.settle();
		expect(list.value?.map(({ text }) => text)).toEqual(['second', 'first']);
		expect(list.events).toHaveLength(1);
	});

	it('lets visitors read, and tells those who write why they may not', async () => {
		const { messages, sendMessage } = chat();
		const visitor = env.connect(null);
		expect(await visitor.subscribe(messages).ready).toEqual([]);
		await expect(visitor.call(sendMessage, 'spam')).rejects.toMatchObject({
			name: 'LiveError',
			code: 'UNAUTHORIZED',
			message: 'Sign in to write'
		});
		expect(messages.topic().name).toBe('messages');
	});

	it('brings back who was away, without loading everything anew, in the same order', async () => {
		const { messages, sendMessage } = chat();
		const [writer, reader] = [env.connect(ada), env.connect(bob)];
		const list = reader.subscribe(messages);
		await list.ready;
		reader.disconnect();
		for (const text of ['one', 'two']) await writer.call(sendMessage, text);
		expect(list.value).toEqual([]); // what was shown stays until then
		await reader.reconnect();
		await env.settle();
		expect(list.value?.map(({ text }) => text)).toEqual(['two', 'one']);
		expect(list.resets).toEqual([]);
	});
});

describe('a page that the server renders', () => {
	it('shows its messages at once, and goes on from there without loading them anew', async () => {
		let loads = 0;
		const messages = live.stream('messages', () => [{ id: `message ${++loads}` }]);
		env.register('chat', { messages });
		const snapshot = await env.server.loadStream('chat/messages', { user: ada }, []);
		await env.publish(messages.topic(), 'created', { id: 'meanwhile' });
		const list = env.connect(ada).subscribe(messages);
		list.stream.hydrate(snapshot);
		expect(list.value).toEqual([{ id: 'message 1' }]); // before there is a connection
		await env.settle();
		expect(list.value).toEqual([{ id: 'message 1' }, { id: 'meanwhile' }]);
		expect(loads).toBe(1);
	});

	it('is refused what its reader may not see', async () => {
		const messages = live.stream('messages', () => [], { access: live.access.role({ admin: true }) });
		env.register('chat', { messages });
		const loaded = env.server.loadStream('chat/messages', { user: ada }, []);
		await expect(loaded).rejects.toMatchObject({ code: 'FORBIDDEN' });
	});
});

describe('a change that is shown early', () => {
	const todos = () => {
		const list = live.stream('todos', () => [{ id: '1', text: 'old' }]);
		const add = live((ctx, id: string, text: string) => {
			if (text === '') throw new LiveError('VALIDATION', 'Say what');
			ctx.publish(list.topic(), 'created', { id, text: text.trim() });
		});
		env.register('todos', { list, add });
		const client = env.connect(ada);
		return { client, add, shown: client.subscribe(list) };
	};

	it('becomes what the server makes of it', async () => {
		const { client, add, shown } = todos();
		await shown.ready;
		shown.stream.optimistic('created', { id: '2', text: ' new ' });
		expect(shown.value?.at(-1)).toEqual({ id: '2', text: ' new ' });
		await client.call(add, '2', ' new ');
		await env.settle();
		expect(shown.value).toEqual([
			{ id: '1', text: 'old' },
			{ id: '2', text: 'new' }
		]);
	});

	it('is taken back where the server refuses, and what others did meanwhile stays', async () => {
		const { client, add, shown } = todos();
		await shown.ready;
		const takeBack = shown.stream.optimistic('created', { id: '2', text: '' });
		const refused = client.call(add, '2', '').catch(takeBack);
		await env.publish('todos', 'created', { id: '3', text: 'of Bob' });
		await refused;
		await env.settle();
		expect(shown.value?.map(({ id }) => id)).toEqual(['1', '3']);
	});
});

describe('events merge', () => {
	it('as crud: rows are added, replaced where they stand, and removed', async () => {
		const todos = live.stream('todos', () => [{ sku: 'a', text: 'old' }], { merge: 'crud', key: 'sku' });
		env.register('todos', { todos });
		const list = env.connect(ada).subscribe(todos);
		await list.ready;
		await env.publish(todos.topic(), 'created', { sku: 'b', text: 'new' });
		await env.publish(todos.topic(), 'updated', { sku: 'a', text: 'changed' });
		await env.settle();
		expect(list.value?.map(({ text }) => text)).toEqual(['changed', 'new']);
		await env.publish(todos.topic(), 'deleted', { sku: 'a' });
		await env.settle();
		expect(list.value).toEqual([{ sku: 'b', text: 'new' }]);
	});

	it('as latest: the last ones are kept, whatever they are called', async () => {
		const activity = live.stream('activity', () => [{ id: 1 }, { id: 2 }], { merge: 'latest', max: 3 });
		env.register('feed', { activity });
		const list = env.connect(ada).subscribe(activity);
		await list.ready;
		await env.publish(activity.topic(), 'moved', { id: 3 });
		await env.publish(activity.topic(), 'closed', { id: 4 });
		await env.settle();
		expect(list.value).toEqual([{ id: 2 }, { id: 3 }, { id: 4 }]);
	});

	it('as set: the value is replaced', async () => {
		const stats = live.stream('stats', () => ({ users: 42 }), { merge: 'set' });
		env.register('stats', { stats });
		const shown = env.connect(ada).subscribe(stats);
		expect(await shown.ready).toEqual({ users: 42 });
		await env.publish(stats.topic(), 'set', { users: 43 });
		await env.settle();
		expect(shown.value).toEqual({ users: 43 });
	});

	it('as presence: people join and leave by key', async () => {
		const people = live.stream(
			(_ctx, room: string) => ['people', room],
			() => [] as { key: string; name: string }[],
			{ merge: 'presence' }
		);
		const join = live((ctx, room: string) => {
			ctx.publish(people.topic(room), 'join', { key: ctx.user.id, name: ctx.user.name as string });
		});
		const leave = live((ctx, room: string) => ctx.publish(people.topic(room), 'leave', { key: ctx.user.id }));
		env.register('room', { people, join, leave });
		const [one, other] = [env.connect(ada), env.connect(bob)];
		const [seen, elsewhere] = [other.subscribe(people, 'lobby'), other.subscribe(people, 'attic')];
		await Promise.all([seen.ready, elsewhere.ready]);
		for (const client of [one, other, one]) await client.call(join, 'lobby');
		await env.settle();
		expect(seen.value?.map(({ name }) => name)).toEqual(['Ada', 'Bob']); // joining twice is being there once
		expect(elsewhere.value).toEqual([]);
		await one.call(leave, 'lobby');
		await env.settle();
		expect(seen.value?.map(({ name }) => name)).toEqual(['Bob']);
	});

	it('as cursor: places are updated and removed by key', async () => {
		const cursors = live.channel<{ key: string; x: number }>()((_ctx, doc: string) => ['cursors', doc], {
			merge: 'cursor'
		});
		const move = live((ctx, doc: string, x: number) => {
			ctx.publish(cursors.topic(doc), 'update', { key: ctx.user.id, x });
		});
		env.register('doc', { cursors, move });
		const seen = env.connect(bob).subscribe(cursors, 'd');
		await seen.ready;
		const one = env.connect(ada);
		for (const x of [1, 2]) await one.call(move, 'd', x);
		await env.settle();
		expect(seen.value).toEqual([{ key: 'ada', x: 2 }]);
		await env.publish(cursors.topic('d'), 'remove', { key: 'ada' });
		await env.settle();
		expect(seen.value).toEqual([]);
	});
});

describe('a stream per room', () => {
	it('shows the messages of its room, and no other ones', async () => {
		const rows = [{ id: '1', room: 'red', text: 'hello' }];
		const roomMessages = live.stream(
			(_ctx, room: string) => ['chat', room],
			(_ctx, room) => rows.filter((row) => row.room === room)
		);
		const sendToRoom = live((ctx, room: string, text: string) => {
			ctx.publish(roomMessages.topic(room), 'created', { id: text, room, text });
		});
		env.register('rooms', { roomMessages, sendToRoom });
		const client = env.connect(ada);
		const [red, blue] = [client.subscribe(roomMessages, 'red'), client.subscribe(roomMessages, 'blue')];
		await Promise.all([red.ready, blue.ready]);
		await client.call(sendToRoom, 'blue', 'sky');
		await env.settle();
		expect(red.value?.map(({ text }) => text)).toEqual(['hello']);
		expect(blue.value?.map(({ text }) => text)).toEqual(['sky']);
	});

	it('cannot be entered by a name that is made of two', async () => {
		const notes = live.stream(
			(_ctx, team: string, note: string) => ['notes', team, note],
			(_ctx, team) => [{ id: team }],
			{ access: (_ctx, team) => team === 'open' }
		);
		env.register('notes', { notes });
		expect(notes.topic('open', 'a/b').name).not.toBe(notes.topic('open/a', 'b').name);
		await expect(env.connect(ada).subscribe(notes, 'shut', 'x').ready).rejects.toMatchObject({ code: 'FORBIDDEN' });
	});
});

describe('a channel', () => {
	it('shows who types from now on, and nothing of before, also where its topic is given by name', async () => {
		const typing = live.channel<{ key: string; name: string }>()('typing:lobby', { merge: 'presence' });
		const type = live((ctx, name: string) => ctx.publish('typing:lobby', 'join', { key: name, name }));
		env.register('typing', { typing, type });
		const client = env.connect(ada);
		await client.call(type, 'Eve');
		const seen = client.subscribe(typing);
		expect(await seen.ready).toEqual([]);
		await client.call(type, 'Bob');
		await env.settle();
		expect(seen.value).toEqual([{ key: 'Bob', name: 'Bob' }]);
	});
});

describe('hooks of a stream', () => {
	it('tell the others when somebody comes and when a connection ends, with the topic of its arguments', async () => {
		const here = live.stream(
			(_ctx, room: string) => ['here', room],
			() => [] as { key: string; name: string }[],
			{
				merge: 'presence',
				onSubscribe: (ctx, topic) =>
					ctx.publish(topic, 'join', { key: ctx.user.id, name: ctx.user.name as string }),
				onUnsubscribe: (ctx, topic) => ctx.publish(topic, 'leave', { key: ctx.user.id })
			}
		);
		env.register('here', { here });
		const seen = env.connect(bob).subscribe(here, 'lobby');
		await seen.ready;
		const one = env.connect(ada);
		await one.subscribe(here, 'lobby').ready;
		await env.settle();
		expect(seen.value?.map(({ name }) => name)).toEqual(['Bob', 'Ada']);
		one.close();
		await env.settle();
		expect(seen.value?.map(({ name }) => name)).toEqual(['Bob']);
	});
});

describe('events that come too fast', () => {
	it('are throttled: the first at once, then one per interval, and always the last', async () => {
		const pointers = live.channel<{ key: string; x: number }>()('pointers', { merge: 'cursor' });
		const move = live((ctx, x: number) => ctx.throttle(pointers.topic(), 'update', { key: ctx.user.id, x }, 50));
		env.register('m', { pointers, move });
		const client = env.connect(ada);
		const seen = client.subscribe(pointers);
		await seen.ready;
		for (const x of [1, 2, 3]) await client.call(move, x);
		await env.settle();
		expect(seen.value).toEqual([{ key: 'ada', x: 1 }]);
		await env.advance(200);
		expect(seen.events.map(({ data }) => (data as { x: number }).x)).toEqual([1, 3]);
	});

	it('are debounced: only the last one, after silence', async () => {
		const search = live.stream(
			(ctx) => ['search', ctx.user.id],
			() => ({ query: '' }),
			{ merge: 'set' }
		);
		const save = live((ctx, query: string) => ctx.debounce(search.topicFor(ctx), 'set', { query }, 300));
		env.register('m', { search, save });
		const client = env.connect(ada);
		const seen = client.subscribe(search);
		await seen.ready;
		for (const query of ['t', 'ti', 'tide']) {
			await client.call(save, query);
			await env.advance(200);
		}
		expect(seen.value).toEqual({ query: '' });
		await env.advance(100);
		expect(seen.events).toMatchObject([{ event: 'set', data: { query: 'tide' } }]);
	});
});
