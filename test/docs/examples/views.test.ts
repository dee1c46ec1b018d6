// What people know of pipes, run. Here each step holds for the first value, for events and for what is caught up alike.
import { afterEach, describe, expect, it } from 'vitest';
import { invalidate, live, pipe } from '../../../src/live/index.ts';
import { createTestEnv } from '../../../src/testing/index.ts';
import { ada, bob } from './people.ts';

const env = createTestEnv();
afterEach(() => env.cleanup());

interface Notice {
	id: string;
	createdAt: number;
	authorId: string;
	dismissed: boolean;
	secret: string;
}
const notice = (id: string, createdAt: number, more: Partial<Notice> = {}): Notice => ({
	id,
	createdAt,
	authorId: 'ada',
	dismissed: false,
	secret: `secret of ${id}`,
	...more
});

function notices(rows: Notice[]) {
	const stored = live.stream('notices', () => rows);
	const shown = pipe(
		stored,
		pipe.filter((_ctx, row) => !row.dismissed),
		pipe.sort('createdAt', 'desc'),
		pipe.limit(2),
		pipe.join('authorId', async (id: string) => id.toUpperCase(), 'authorName')
	);
	env.register('notices', { shown });
	return { shown, put: (event: 'created' | 'updated', row: Notice) => env.publish(stored.topic(), event, row) };
}
const idsOf = (rows: { id: string }[] | undefined): string[] => (rows ?? []).map(({ id }) => id);

describe('notices through a pipe', () => {
	it('are filtered, sorted, limited and joined when the page opens', async () => {
		const { shown } = notices([
			notice('a', 1),
			notice('b', 3),
			notice('c', 2),
			notice('d', 9, { dismissed: true })
		]);
		const list = env.connect(ada).subscribe(shown);
		expect(idsOf(await list.ready)).toEqual(['b', 'c']);
		expect(list.value?.[0]).toMatchObject({ authorId: 'ada', authorName: 'ADA' });
	});

	it('and while it is open: one that is dismissed leaves, the next one takes its place, a new one comes on top', async () => {
		const rows = [notice('a', 1), notice('b', 3), notice('c', 2)];
		const { shown, put } = notices(rows);
		const list = env.connect(ada).subscribe(shown);
		await list.ready;
		await put('updated', notice('b', 3, { dismissed: true }));
		await env.settle();
		expect(idsOf(list.value)).toEqual(['c', 'a']);
		await put('created', notice('e', 5));
		await env.settle();
		expect(idsOf(list.value)).toEqual(['e', 'c']);
		expect(list.value?.[0]).toMatchObject({ authorName: 'ADA' });
		await put('updated', notice('b', 3));
		await env.settle();
		expect(idsOf(list.value)).toEqual(['e', 'b']); // it matches again
	});

	it('and in what a page catches up with after it was away', async () => {
		const rows = [notice('a', 1), notice('b', 3)];
		const { shown, put } = notices(rows);
		const [reader, other] = [env.connect(ada), env.connect(bob)];
		const list = reader.subscribe(shown);
		await Promise.all([list.ready, other.subscribe(shown).ready]);
		reader.disconnect();
		rows.push(notice('d', 9, { dismissed: true }), notice('e', 5));
		await put('created', rows[2]!);
		await put('created', rows[3]!);
		await reader.reconnect();
		await env.settle();
		expect(idsOf(list.value)).toEqual(['e', 'b']);
		expect(list.resets).toEqual([]);
		expect(JSON.stringify(list.events)).not.toContain('secret of d');
	});
});

describe('a projection', () => {
	it('is applied before anything leaves, also to what is published where nobody reads', async () => {
		const rows: Notice[] = [notice('a', 1)];
		const stored = live.stream('all', () => rows);
		const shown = pipe(
			stored,
			pipe.transform((_ctx, { id, createdAt }) => ({ id, createdAt }))
		);
		env.register('m', { shown });
		const reader = env.connect(ada);
		const list = reader.subscribe(shown);
		await list.ready;
		reader.disconnect();
		await env.publish(stored.topic(), 'created', notice('b', 2)); // no subscriber is there now
		await reader.reconnect();
		await env.publish(stored.topic(), 'created', notice('c', 3));
		await env.settle();
		expect(list.value).toEqual([
			{ id: 'a', createdAt: 1 },
			{ id: 'b', createdAt: 2 },
			{ id: 'c', createdAt: 3 }
		]);
		expect(JSON.stringify(list.events)).not.toContain('secret');
	});
});

describe('a filter that looks at the caller', () => {
	it('shows each their own rows, in the first value and in events', async () => {
		const stored = live.stream('mail', () => [notice('a', 1), notice('b', 2, { authorId: 'bob' })]);
		const mine = pipe(
			stored,
			pipe.filter((ctx, row) => row.authorId === ctx.user.id)
		);
		env.register('mail', { mine });
		const [hers, his] = [env.connect(ada).subscribe(mine), env.connect(bob).subscribe(mine)];
		await Promise.all([hers.ready, his.ready]);
		await env.publish(stored.topic(), 'created', notice('c', 3));
		await env.publish(stored.topic(), 'updated', notice('a', 4, { authorId: 'bob' })); // handed over
		await env.settle();
		expect(idsOf(hers.value)).toEqual(['c']);
		expect(idsOf(his.value).toSorted()).toEqual(['a', 'b']);
		expect(JSON.stringify(his.events)).not.toContain('secret of c');
	});
});

describe('what does not hold any more', () => {
	it('is loaded anew for each reader under their own session', async () => {
		let prefix = 'old';
		const inbox = live.stream('inbox', (ctx) => [{ id: `${prefix} mail of ${ctx.user.id}` }]);
		env.register('mail', { inbox });
		const lists = [ada, bob].map((user) => env.connect(user).subscribe(inbox));
		await Promise.all(lists.map(({ ready }) => ready));
		prefix = 'new';
		await invalidate(inbox);
		await env.settle();
		expect(lists.map(({ value }) => idsOf(value))).toEqual([['new mail of ada'], ['new mail of bob']]);
	});
});
