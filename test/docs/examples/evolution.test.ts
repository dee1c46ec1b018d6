// What people know of lists in pages, and of rows that change their shape, run.
import { afterEach, describe, expect, it } from 'vitest';
import { live, page } from '../../../src/live/index.ts';
import { createTestEnv } from '../../../src/testing/index.ts';
import { ada } from './people.ts';

const env = createTestEnv();
afterEach(() => env.cleanup());

interface Post {
	id: number;
	title: string;
}

describe('a feed in pages', () => {
	const LIMIT = 3;
	function feed(count: number) {
		const rows = Array.from({ length: count }, (_, id): Post => ({ id, title: `post ${id}` }));
		const posts = live.stream(
			'posts',
			(ctx) => {
				const after = typeof ctx.cursor === 'number' ? ctx.cursor : Infinity;
				const older = rows.filter(({ id }) => id < after).toReversed();
				const shown = older.slice(0, LIMIT);
				return page(shown, older.length > LIMIT ? shown.at(-1)!.id : null);
			},
			{ prepend: true }
		);
		env.register('feed', { posts });
		return { posts, rows };
	}
	const idsOf = (list: readonly Post[] | undefined): number[] => (list ?? []).map(({ id }) => id);

	it('shows the newest, and the older ones when asked, until there are no more', async () => {
		const { posts } = feed(7);
		const list = env.connect(ada).subscribe(posts);
		expect(idsOf(await list.ready)).toEqual([6, 5, 4]);
		expect(list.hasMore).toBe(true);
		await list.loadMore();
		expect(idsOf(list.value)).toEqual([6, 5, 4, 3, 2, 1]);
		await list.loadMore();
		expect(idsOf(list.value)).toEqual([6, 5, 4, 3, 2, 1, 0]);
		expect(list.hasMore).toBe(false);
	});

	it('shows each post once while posts come and go between pages', async () => {
		const { posts, rows } = feed(7);
		const list = env.connect(ada).subscribe(posts);
		await list.ready;
		const created: Post = { id: 7, title: 'new' };
		rows.push(created);
		await env.publish(posts.topic(), 'created', created);
		rows.splice(
			rows.findIndex(({ id }) => id === 3),
			1
		);
		await env.publish(posts.topic(), 'deleted', { id: 3 });
		await list.loadMore();
		await list.loadMore();
		await env.settle();
		expect(idsOf(list.value)).toEqual([7, 6, 5, 4, 2, 1, 0]);
	});

	it('keeps its pages when the page comes back', async () => {
		const { posts } = feed(7);
		const client = env.connect(ada);
		const list = client.subscribe(posts);
		await list.ready;
		await list.loadMore();
		client.disconnect();
		await env.publish(posts.topic(), 'created', { id: 8, title: 'meanwhile' });
		await client.reconnect();
		await env.settle();
		expect(idsOf(list.value)).toEqual([8, 6, 5, 4, 3, 2, 1]);
		expect(list.hasMore).toBe(true);
	});
});

describe('rows that have changed their shape', () => {
	interface Todo {
		id: string;
		text: string;
		priority: string;
		completed: boolean;
	}
	const row = (id: string, completed = false): Todo => ({ id, text: `todo ${id}`, priority: 'low', completed });

	function todos() {
		const list = live.stream('todos', () => [row('1', true)], {
			version: 3,
			migrate: {
				// Version 2 said `done`, version 1 knew no priority.
				2: ({ completed, ...todo }: Todo) => ({ ...todo, done: completed }),
				1: ({ priority: _priority, ...todo }: { id: string; priority: string }) => todo
			}
		});
		env.register('todos', { list });
		return list;
	}
	/** A page of an earlier build. */
	const pageOf = (version: number) => {
		const stream = env.connect(ada).client.stream('todos/list', [], version);
		stream.onChange(() => {});
		return stream;
	};

	it('are shown to pages of each build as those know them, in the first value and in events', async () => {
		const list = todos();
		const now = env.connect(ada).subscribe(list);
		const [second, first] = [pageOf(2), pageOf(1)];
		await now.ready;
		await env.settle();
		await env.publish(list.topic(), 'created', row('2'));
		await env.settle();
		expect(now.value).toEqual([row('1', true), row('2')]);
		expect(second.state.value).toEqual([
			{ id: '1', text: 'todo 1', priority: 'low', done: true },
			{ id: '2', text: 'todo 2', priority: 'low', done: false }
		]);
		expect(first.state.value).toEqual([
			{ id: '1', text: 'todo 1', done: true },
			{ id: '2', text: 'todo 2', done: false }
		]);
	});

	it('are refused to a page that is too old for them, with what it can do', async () => {
		todos();
		const ancient = pageOf(0);
		await env.settle();
		expect(ancient.state).toMatchObject({ value: undefined, error: { code: 'UPGRADE_REQUIRED' } });
	});
});
