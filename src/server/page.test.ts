// Streams that are loaded in pages, from the load to what a client shows.
import * as fc from 'fast-check';
import { afterEach, describe, expect, it } from 'vitest';
import { LiveError } from '../base/errors.ts';
import { pipe } from '../features/pipe/pipe.ts';
import { guard, live } from '../live/live.ts';
import { createTestEnv } from '../testing/test-env.ts';
import { page } from './page.ts';

const env = createTestEnv();
afterEach(() => env.cleanup());

interface Row {
	id: number;
	text: string;
}

const SIZE = 3;

/** Rows from the highest id down, in pages of three; each load can be held up before it reads, and before it returns. */
class Rows {
	all: Row[] = [];
	/** Rows of one load, and where they begin. */
	readonly asked: unknown[] = [];
	isHeld = false;
	readonly #held: (() => void)[] = [];

	constructor(count: number) {
		this.all = Array.from({ length: count }, (_, index) => ({ id: count - index, text: 'loaded' }));
	}

	readonly load = async (ctx: { cursor: unknown }): Promise<Row[]> => {
		this.asked.push(ctx.cursor);
		await this.#wait();
		const last = typeof ctx.cursor === 'number' ? ctx.cursor : Infinity;
		const rows = this.all.filter(({ id }) => id < last);
		await this.#wait();
		const shown = rows.slice(0, SIZE);
		return page(shown, rows.length > SIZE ? shown.at(-1)?.id : null);
	};

	/** What is held up goes on, one step of the first load. */
	step(): void {
		this.#held.shift()?.();
	}

	get heldUp(): number {
		return this.#held.length;
	}

	async #wait(): Promise<void> {
		if (this.isHeld) await new Promise<void>((resolve) => this.#held.push(resolve));
	}
}

const idsOf = (rows: Row[] | undefined) => rows?.map(({ id }) => id);

async function open(rows: Rows, definition = live.stream('rows', rows.load, { prepend: true })) {
	env.register('m', { rows: definition });
	const reader = env.connect({ id: 'ada' });
	const list = reader.subscribe<[], Row[], unknown>(definition as never);
	await list.ready;
	return { reader, list, stream: list.stream, topic: definition.topic() };
}

describe('a stream that is loaded in pages', () => {
	it('gets its pages one after another, until there are no more', async () => {
		const rows = new Rows(8);
		const { list, stream } = await open(rows);
		expect([idsOf(list.value), stream.state.hasMore]).toEqual([[8, 7, 6], true]);
		await stream.loadMore();
		expect([idsOf(list.value), stream.state.hasMore]).toEqual([[8, 7, 6, 5, 4, 3], true]);
		await stream.loadMore();
		expect([idsOf(list.value), stream.state.hasMore]).toEqual([[8, 7, 6, 5, 4, 3, 2, 1], false]);
		await stream.loadMore();
		expect(rows.asked).toEqual([null, 6, 3]);
	});

	it('puts them before the rows where created rows come behind them', async () => {
		const rows = new Rows(5);
		const load = async (ctx: { cursor: unknown }) => {
			const loaded = await rows.load(ctx);
			return page(loaded.toReversed(), loaded.at(-1)?.id === 1 ? null : loaded.at(-1)?.id);
		};
		const { list, stream, topic } = await open(rows, live.stream('rows', load));
		await env.publish(topic, 'created', { id: 6, text: '' });
		await stream.loadMore();
		expect(idsOf(list.value)).toEqual([1, 2, 3, 4, 5, 6]);
	});

	it('takes cursors of any kind that can travel', async () => {
		const seen: unknown[] = [];
		const cursors = [new Date(5), { after: ['a', 1n] }, null];
		const load = (ctx: { cursor: unknown }) =>
			page([{ id: seen.push(ctx.cursor), text: '' }], cursors[seen.length - 1]);
		const { list, stream } = await open(new Rows(0), live.stream('rows', load, { prepend: true }));
		await stream.loadMore();
		await stream.loadMore();
		expect(seen).toEqual([null, new Date(5), { after: ['a', 1n] }]);
		expect([idsOf(list.value), stream.state.hasMore]).toEqual([[1, 2, 3], false]);
	});

	it('shares one request among all who ask while it is under way', async () => {
		const rows = new Rows(8);
		const { stream } = await open(rows);
		await Promise.all([stream.loadMore(), stream.loadMore()]);
		expect(rows.asked).toEqual([null, 6]);
	});

	it('shows a row as it is now that changed or went while its page was loaded', async () => {
		const rows = new Rows(6);
		const { list, stream, topic } = await open(rows);
		rows.isHeld = true;
		const more = stream.loadMore();
		await env.settle();
		rows.step();
		await env.settle(); // it has read
		await env.publish(topic, 'updated', { id: 2, text: 'changed' });
		await env.publish(topic, 'deleted', { id: 3 });
		await env.publish(topic, 'created', { id: 7, text: '' });
		await env.settle();
		rows.step();
		await more;
		expect(list.value).toEqual([
			{ id: 7, text: '' },
			...[6, 5, 4].map((id) => ({ id, text: 'loaded' })),
			{ id: 2, text: 'changed' },
			{ id: 1, text: 'loaded' }
		]);
	});

	it('keeps its pages when it resumes after a lost connection', async () => {
		const { reader, list, stream, topic } = await open(new Rows(7));
		await stream.loadMore();
		reader.disconnect();
		await env.publish(topic, 'deleted', { id: 2 });
		await reader.reconnect();
		await env.settle();
		expect([idsOf(list.value), stream.state.hasMore]).toEqual([[7, 6, 5, 4, 3], true]);
		await stream.loadMore();
		expect(idsOf(list.value)?.at(-1)).toBe(1);
	});

	it('begins anew with a value that is loaded anew, also for a page that was on its way', async () => {
		const rows = new Rows(9);
		const { list, stream, topic } = await open(rows);
		await stream.loadMore();
		rows.isHeld = true;
		const more = stream.loadMore();
		await env.settle();
		rows.isHeld = false;
		rows.all = rows.all.filter(({ id }) => id !== 9 && id !== 2);
		await env.server.publisher.invalidate([topic.name], null);
		await env.settle();
		expect(idsOf(list.value)).toEqual([8, 7, 6]);
		rows.step();
		await more;
		expect(rows.asked).toEqual([null, 7, 4, null, 6]);
		expect([idsOf(list.value), stream.state.hasMore]).toEqual([[8, 7, 6, 5, 4, 3], true]);
	});

	it('has all there is after an event that replaces the list', async () => {
		const { list, stream, topic } = await open(new Rows(9));
		await env.publish(topic, 'set', [{ id: 1, text: 'only' }]);
		await env.settle();
		expect([idsOf(list.value), stream.state.hasMore]).toEqual([[1], false]);
	});

	it('does not show a page early that was asked for before an event replaced the list', async () => {
		const rows = new Rows(9);
		const { list, stream, topic } = await open(rows);
		rows.isHeld = true;
		const more = stream.loadMore();
		await env.settle();
		await env.publish(topic, 'set', [{ id: 1, text: 'only' }]);
		await env.settle();
		rows.isHeld = false;
		rows.step();
		await more;
		expect(idsOf(list.value)).toEqual([1]);
	});

	/** Its first load begins, and has read or is about to read when this returns. */
	async function beginLoading(rows: Rows, definition: ReturnType<typeof live.stream>) {
		rows.isHeld = true;
		env.register('m', { rows: definition });
		const list = env.connect({ id: 'ada' }).subscribe<[], Row[], unknown>(definition as never);
		await env.settle();
		return list;
	}

	/** As many are created and told of. */
	async function create(rows: Rows, ids: number[]) {
		rows.all = [...ids.map((id) => ({ id, text: 'created' })).toReversed(), ...rows.all];
		for (const id of ids) await env.publish('rows', 'created', { id, text: 'created' });
		await env.settle();
	}

	it.each([
		['newest first', true, [8, 7, 6, 5, 4]],
		['newest last', false, [4, 5, 6, 7, 8]]
	])('is in order when more rows come while it is loaded than fit a page: %s', async (_, prepend, ids) => {
		const rows = new Rows(3);
		const load = async (ctx: { cursor: unknown }) => {
			const loaded = await rows.load(ctx);
			return prepend ? loaded : page(loaded.toReversed(), loaded.at(-1)?.id);
		};
		const list = await beginLoading(rows, live.stream('rows', load, { prepend }) as never);
		await create(rows, [4, 5, 6, 7, 8]);
		rows.isHeld = false;
		while (rows.heldUp > 0) rows.step();
		await list.ready;
		expect(idsOf(list.value)).toEqual(ids);
		await list.stream.loadMore();
		await list.stream.loadMore();
		const all = [8, 7, 6, 5, 4, 3, 2, 1];
		expect(idsOf(list.value)).toEqual(prepend ? all : all.toReversed());
	});

	it('is in order when it has only the last of many rows that are told of together later', async () => {
		const rows = new Rows(8);
		const { list, stream } = await open(rows);
		expect(idsOf(list.value)).toEqual([8, 7, 6]);
		for (const row of rows.all.toReversed()) await env.publish('rows', 'created', row);
		await env.settle();
		expect(idsOf(list.value)).toEqual([8, 7, 6, 5, 4, 3, 2, 1]);
		while (stream.state.hasMore) await stream.loadMore();
		expect(idsOf(list.value)).toEqual([8, 7, 6, 5, 4, 3, 2, 1]);
	});

	it('shows rows in the order of the page that has them before they are told of', async () => {
		const rows = new Rows(3);
		const list = await beginLoading(rows, live.stream('rows', rows.load, { prepend: true }) as never);
		await create(rows, [4]);
		rows.all = [{ id: 5, text: 'created' }, ...rows.all];
		rows.isHeld = false;
		while (rows.heldUp > 0) rows.step();
		await list.ready;
		expect(idsOf(list.value)).toEqual([5, 4, 3]);
		await env.publish('rows', 'created', { id: 5, text: 'created' });
		await env.settle();
		expect(idsOf(list.value)).toEqual([5, 4, 3]);
	});

	it('keeps what a page shows early', async () => {
		const { list, stream } = await open(new Rows(6));
		const takeBack = stream.optimistic('updated', { id: 6, text: 'early' });
		await stream.loadMore();
		expect(list.value?.[0]).toEqual({ id: 6, text: 'early' });
		takeBack();
		await env.settle();
		expect(list.value?.[0]).toEqual({ id: 6, text: 'loaded' });
	});
});

describe('a page', () => {
	it('is asked of middleware once, of guards, access and schemas, under the path of its stream', async () => {
		const seen: string[] = [];
		const allowed = { now: true };
		const rows = new Rows(5);
		const definition = live.stream('rows', rows.load, { prepend: true, access: () => allowed.now });
		env.server.registry.register(
			'm',
			{ rows: definition, _guard: guard((ctx) => void seen.push(`guard ${ctx.path}`)) },
			[(ctx, next) => (seen.push(`middleware ${ctx.path}`), next())]
		);
		const list = env.connect({ id: 'ada' }).subscribe('m/rows');
		await list.ready;
		seen.length = 0;
		allowed.now = false;
		await expect(list.stream.loadMore()).rejects.toMatchObject({ code: 'FORBIDDEN' });
		expect(seen).toEqual(['middleware m/rows', 'guard m/rows']);
		allowed.now = true;
		await list.stream.loadMore();
		expect(idsOf(list.value as Row[])).toEqual([5, 4, 3, 2, 1]);
	});

	it('is loaded for its caller', async () => {
		const load = (ctx: { cursor: unknown; user: unknown }) =>
			page(
				[{ id: ctx.cursor === null ? 1 : 2, text: (ctx.user as { id: string }).id }],
				ctx.cursor === null ? 1 : null
			);
		const definition = live.stream('rows', load, { prepend: true });
		env.register('m', { rows: definition });
		const lists = ['ada', 'bob'].map((id) => env.connect({ id }).subscribe(definition));
		await Promise.all(lists.map((list) => list.ready));
		await Promise.all(lists.map(({ stream }) => stream.loadMore()));
		expect(lists.map(({ value }) => value?.map(({ text }) => text))).toEqual([
			['ada', 'ada'],
			['bob', 'bob']
		]);
	});

	it('passes through the view of its stream', async () => {
		const rows = new Rows(5);
		const plain = live.stream('rows', rows.load, { prepend: true });
		const piped = pipe(
			plain,
			pipe.transform((_, row: Row) => ({ id: row.id, text: row.text.toUpperCase() }))
		);
		const { list, stream } = await open(rows, piped);
		expect(stream.state.hasMore).toBe(true);
		await stream.loadMore();
		expect(list.value?.map(({ text }) => text)).toEqual(Array.from({ length: 5 }, () => 'LOADED'));
	});

	it('of a stream that is not there for its caller has no rows', async () => {
		const isOpen = { now: true };
		const rows = new Rows(5);
		const gated = live.gate(() => isOpen.now, live.stream('rows', rows.load, { prepend: true }));
		const { stream } = await open(rows, gated as never);
		isOpen.now = false;
		await stream.loadMore();
		expect([idsOf(stream.state.value as Row[]), stream.state.hasMore]).toEqual([[5, 4, 3], false]);
	});

	it('that fails leaves the list as it is, and can be asked for again', async () => {
		const rows = new Rows(5);
		const failing = { now: true };
		const load = (ctx: { cursor: unknown }) => {
			if (ctx.cursor !== null && failing.now) throw new LiveError('CONFLICT', 'not now');
			return rows.load(ctx);
		};
		const { list, stream } = await open(rows, live.stream('rows', load, { prepend: true }));
		await expect(stream.loadMore()).rejects.toMatchObject({ code: 'CONFLICT' });
		expect([idsOf(list.value), stream.state.hasMore]).toEqual([[5, 4, 3], true]);
		failing.now = false;
		await stream.loadMore();
		expect(idsOf(list.value)).toEqual([5, 4, 3, 2, 1]);
	});

	it.each([
		['no text', ['m/rows', [], 5]],
		['no value', ['m/rows', [], '{"a"']],
		['a forbidden key', ['m/rows', [], '{"__proto__":1}']],
		['several values', ['m/rows', [], '1,2']],
		['no arguments', ['m/rows', 'x', '1']],
		['no path', [1, [], '1']]
	])('is refused for a cursor that is %s', async (_, args) => {
		const { reader } = await open(new Rows(5));
		const refused = reader.call('%streams/more', ...args);
		await expect(refused).rejects.toMatchObject({
			code: expect.stringMatching(/BAD_REQUEST|PROTOCOL_ERROR/) as string
		});
	});

	it('is refused where there is no such stream', async () => {
		const { reader } = await open(new Rows(5));
		await expect(reader.call('%streams/more', 'm/none', [], '1')).rejects.toMatchObject({ code: 'NOT_FOUND' });
	});

	it.each([
		['a bound', live.stream('rows', () => page([{ id: 1 }], 1), { max: 5 }), /without "max"/],
		[
			'another merge',
			live.stream('rows', () => page([{ id: 1 }], 1), { merge: 'latest', max: 0 }),
			/must be "crud"/
		],
		[
			'a filter',
			pipe(
				live.stream('rows', () => page([{ id: 1 }], 1)),
				pipe.filter(() => true)
			),
			/filter, sort and limit need all of its rows/
		]
	])('is an error of a stream with %s', async (_, definition, message) => {
		const errors: unknown[] = [];
		const strict = createTestEnv({ onError: (path, error) => errors.push(`${path} ${String(error)}`) });
		strict.register('m', { rows: definition });
		await expect(strict.connect({ id: 'ada' }).subscribe('m/rows').ready).rejects.toMatchObject({
			code: 'INTERNAL'
		});
		expect(errors).toEqual([expect.stringMatching(message)]);
		await strict.cleanup();
	});

	it('is in what a page of the application is rendered with', async () => {
		const rows = new Rows(5);
		const { reader, topic } = await open(rows);
		expect(topic.name).toBe('rows');
		const snapshot = await env.server.loadStream('m/rows', { user: { id: 'ada' } }, []);
		expect(snapshot).toMatchObject({ cursor: '3' });
		const hydrated = reader.client.stream('m/rows', [1]);
		hydrated.hydrate(snapshot);
		expect(hydrated.state.hasMore).toBe(true);
	});
});

type Step = 'create' | 'update' | 'delete' | 'publish' | 'more' | 'step' | 'cut';

/** Writes, deliveries, pages and lost connections in any order. */
class History {
	readonly rows: Rows;
	readonly #unpublished: [event: string, row: Partial<Row>][] = [];
	#next: number;
	readonly #pick: () => number;

	constructor(count: number, pick: () => number) {
		this.rows = new Rows(count);
		this.#next = count + 1;
		this.#pick = pick;
	}

	write(step: 'create' | 'update' | 'delete'): void {
		const { rows } = this;
		const victim = rows.all[this.#pick() % Math.max(1, rows.all.length)];
		if (step === 'create') {
			const row = { id: this.#next++, text: 'created' };
			rows.all = [row, ...rows.all];
			this.#unpublished.push(['created', row]);
		} else if (victim && step === 'update') {
			const row = { id: victim.id, text: `${victim.text}'` };
			rows.all = rows.all.map((other) => (other === victim ? row : other));
			this.#unpublished.push(['updated', row]);
		} else if (victim) {
			rows.all = rows.all.filter((other) => other !== victim);
			this.#unpublished.push(['deleted', { id: victim.id }]);
		}
	}

	async publish(): Promise<boolean> {
		const next = this.#unpublished.shift();
		if (next) await env.publish('rows', ...next);
		return next !== undefined;
	}
}

describe('a list of pages', () => {
	const steps = fc.array(
		fc.constantFrom<Step>(
			'create',
			'update',
			'update',
			'delete',
			'publish',
			'publish',
			'more',
			'step',
			'step',
			'cut'
		),
		{ minLength: 5, maxLength: 60 }
	);

	it('is what a fresh load of as many rows would give, whatever happens meanwhile', async () => {
		await fc.assert(
			fc.asyncProperty(steps, fc.array(fc.nat(), { minLength: 1, maxLength: 20 }), async (history, picks) => {
				let index = 0;
				const run = new History(10, () => picks[index++ % picks.length]!);
				const { rows } = run;
				const { reader, list, stream } = await open(rows);
				rows.isHeld = true;
				for (const step of history) {
					if (step === 'more') void stream.loadMore();
					else if (step === 'step') rows.step();
					else if (step === 'publish') await run.publish();
					else if (step === 'cut') {
						reader.disconnect();
						await reader.reconnect();
					} else run.write(step);
					await env.settle();
				}
				while (await run.publish());
				rows.isHeld = false;
				while (rows.heldUp > 0) rows.step();
				const last = stream.loadMore();
				await last;
				await env.settle();
				expect(list.value).toEqual(rows.all.slice(0, list.value?.length));
				expect(stream.state.hasMore || list.value?.length === rows.all.length).toBe(true);
				await env.cleanup();
			}),
			{ numRuns: 150 }
		);
	});
});
