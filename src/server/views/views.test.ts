// Views as clients see them: what they hold is always the view of the rows that are stored, and nothing else ever leaves.
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ada, bob, startServer, type FakeClient, type Harness } from '../../../test/support/server-harness.ts';
import { Draft } from '../../client/merge/draft.ts';
import { MERGES } from '../../client/merge/kinds.ts';
import { pipe } from '../../features/pipe/pipe.ts';
import { live } from '../../live/live.ts';
import { encodeTopic } from '../../protocol/topic.ts';

interface Row {
	id: number;
	n: number;
	open: boolean;
	owner?: string;
	secret?: string;
}

const topic = {
	name: encodeTopic('rows'),
	merge: { kind: 'crud', key: 'id', prepend: false, max: 0 },
	ephemeral: false
};

/** A table, and what is published of its changes. */
class Table {
	readonly rows = new Map<number, Row>();
	loads = 0;
	harness: Harness | null = null;

	readonly load = async (): Promise<Row[]> => {
		this.loads++;
		await Promise.resolve();
		return [...this.rows.values()];
	};

	constructor(...rows: Row[]) {
		for (const row of rows) this.rows.set(row.id, row);
	}

	async put(row: Row): Promise<void> {
		const event = this.rows.has(row.id) ? 'updated' : 'created';
		this.rows.set(row.id, row);
		await this.#publish(event, row);
	}

	async drop(id: number): Promise<void> {
		this.rows.delete(id);
		await this.#publish('deleted', { id });
	}

	async #publish(event: string, data: unknown): Promise<void> {
		await this.harness?.server.publisher.publish(topic as never, event, data);
		await this.harness?.clock.settle();
	}
}

const row = (id: number, n = id, open = true): Row => ({ id, n, open });

async function served(table: Table, stream: unknown): Promise<Harness> {
	table.harness = await startServer({ m: { rows: stream } });
	return table.harness;
}

/** What a client shows for a stream, by the rules of the client that ships. */
function shownBy(client: FakeClient, id: number): unknown {
	const state: { draft: Draft | null } = { draft: null };
	let alias = -1;
	let last = 0;
	const apply = ({ offset, event, data }: { offset: number; event: string; data: unknown }): void => {
		if (offset > 0 && offset <= last) return;
		expect(event === '' || offset === last + 1, 'no hole').toBe(true);
		last = offset;
		const { draft } = state;
		if (draft && event !== '') MERGES[draft.spec.kind](draft, event, data);
	};
	for (const message of client.messages) {
		if ((message.kind === 'snapshot' || message.kind === 'resumed') && message.id === id) {
			alias = message.alias;
			last = message.position?.offset ?? 0;
			if (message.kind === 'snapshot') state.draft = new Draft(message.value, message.merge);
			message.events.forEach(apply);
		} else if (message.kind === 'event' && message.alias === alias) apply(message);
	}
	return state.draft?.value;
}

const idsOf = (value: unknown): number[] => (value as Row[]).map(({ id }) => id);

describe('a filtered stream', () => {
	const open = (table: Table) =>
		pipe(
			live.stream('rows', table.load),
			pipe.filter((_, { open: isOpen }) => isOpen)
		);

	it('holds for its first value, and for a row that starts or stops to match', async () => {
		const table = new Table(row(1), row(2, 2, false));
		const { connect } = await served(table, open(table));
		const client = await connect();
		const id = await client.subscribe('m/rows');
		expect(idsOf(shownBy(client, id))).toEqual([1]);
		await table.put(row(2, 2, true));
		await table.put(row(1, 1, false));
		await table.put(row(3, 3, true));
		expect(idsOf(shownBy(client, id))).toEqual([2, 3]);
		expect(client.of('event').map(({ event }) => event)).toEqual(['created', 'deleted', 'created']);
	});

	it('lets nothing leave of a row that never matched, not even its key', async () => {
		const table = new Table({ ...row(987654, 1, false), secret: 'hidden' });
		const { connect } = await served(table, open(table));
		const client = await connect();
		await client.subscribe('m/rows');
		await table.put({ ...row(987654, 2, false), secret: 'hidden' });
		await table.put({ ...row(987655, 2, false), secret: 'hidden' });
		await table.drop(987654);
		expect(client.of('event')).toEqual([]);
		expect(client.socket.sent.join()).not.toMatch(/987654|987655|hidden/);
	});

	it('holds for what is caught up, and for another process that has no group of its own yet', async () => {
		const table = new Table(row(1), row(2, 2, false));
		const { connect } = await served(table, open(table));
		const keeper = await connect();
		await keeper.subscribe('m/rows');
		const client = await connect();
		await client.subscribe('m/rows');
		const { position } = client.of('snapshot')[0]!;
		await client.vanish();
		await table.put(row(2, 2, true));
		await table.put(row(4, 4, false));
		await table.put(row(1, 1, false));
		const back = await connect();
		const id = await back.subscribe('m/rows', [], position);
		expect(back.kindsFor(id)).toEqual(['resumed']);
		expect(back.of('resumed')[0]?.events.map(({ event }) => event)).toEqual(['created', 'deleted']);
		const later = await connect();
		const other = await later.subscribe('m/rows', [], { epoch: 'of another process', offset: 7 });
		expect(later.kindsFor(other)).toEqual(['reset', 'snapshot']);
		expect(later.of('reset')[0]?.reason).toBe('view');
		expect(idsOf(shownBy(later, other))).toEqual([2]);
	});

	it('is not moved by what the application does to the rows that it loaded', async () => {
		const mine = row(1);
		const table = new Table(mine);
		const { connect } = await served(table, open(table));
		await (await connect()).subscribe('m/rows');
		mine.secret = 'hidden';
		mine.open = false;
		const late = await connect();
		await late.subscribe('m/rows');
		expect(late.socket.sent.join()).not.toContain('hidden');
	});

	it('leaves a row out for which the filter throws, and reports it', async () => {
		const table = new Table(row(1), row(2));
		const stream = pipe(
			live.stream('rows', table.load),
			pipe.filter((_, { id }) => {
				if (id === 2) throw new Error('no');
				return true;
			})
		);
		const { connect, errors } = await served(table, stream);
		const client = await connect();
		const id = await client.subscribe('m/rows');
		expect(idsOf(shownBy(client, id))).toEqual([1]);
		expect(errors).toMatchObject([{ path: 'm/rows' }]);
	});

	it('takes no promise for a yes', async () => {
		const table = new Table(row(1));
		const stream = pipe(live.stream('rows', table.load), pipe.filter((async () => false) as never));
		const { connect, errors } = await served(table, stream);
		const client = await connect();
		const id = await client.subscribe('m/rows');
		expect(shownBy(client, id)).toEqual([]);
		expect(errors).toHaveLength(1);
	});
});

describe('a sorted and limited stream', () => {
	it('puts rows in their places, and fills up when one goes', async () => {
		const table = new Table(row(1, 10), row(2, 20), row(3, 30), row(4, 40));
		const stream = pipe(live.stream('rows', table.load), pipe.sort('n', 'desc'), pipe.limit(3));
		const { connect } = await served(table, stream);
		const client = await connect();
		const id = await client.subscribe('m/rows');
		expect(idsOf(shownBy(client, id))).toEqual([4, 3, 2]);
		await table.put(row(1, 35));
		expect(idsOf(shownBy(client, id))).toEqual([4, 1, 3]);
		await table.drop(4);
		expect(idsOf(shownBy(client, id))).toEqual([1, 3, 2]);
		await table.put(row(1, 1));
		expect(idsOf(shownBy(client, id))).toEqual([3, 2, 1]);
	});

	it('shows what sorting and cutting all rows gives, whatever happens to them', async () => {
		await fc.assert(
			fc.asyncProperty(fc.array(change, { maxLength: 40 }), setting, async (changes, how) => {
				const table = new Table(row(1, 1), row(2, 2, false), row(3, 1));
				const { connect } = await served(table, piped(table, how));
				const client = await connect();
				const id = await client.subscribe('m/rows');
				for (const { gone, ...next } of changes) await (gone ? table.drop(next.id) : table.put(next));
				const fresh = await connect();
				const shown = shownBy(client, id) as Row[];
				expect(shown).toEqual(shownBy(fresh, await fresh.subscribe('m/rows')));
				const matching = [...table.rows.values()].filter(({ open }) => open || !how.filter);
				expect(matching).toEqual(expect.arrayContaining(shown));
				const sorted = matching.map(({ n }) => n).toSorted((one, other) => one - other);
				const bounded =
					how.limit > 0 || how.prepend ? sorted.slice(0, boundOf(how)) : sorted.slice(-boundOf(how));
				const numbers = shown.map(({ n }) => n);
				expect(how.sorted ? numbers : numbers.length).toEqual(how.sorted ? bounded : bounded.length);
			}),
			{ numRuns: 300 }
		);
	});

	const change = fc.record({ id: fc.nat(9), n: fc.nat(4), open: fc.boolean(), gone: fc.boolean() });
	const setting = fc.record({
		limit: fc.constantFrom(0, 1, 3, 20),
		max: fc.constantFrom(0, 0, 2),
		filter: fc.boolean(),
		sorted: fc.boolean(),
		prepend: fc.boolean()
	});
	interface Setting {
		limit: number;
		max: number;
		filter: boolean;
		sorted: boolean;
		prepend: boolean;
	}
	const boundOf = ({ limit, max }: Setting): number => limit || max || Infinity;

	function piped(table: Table, { filter, sorted, limit, prepend, max }: Setting): object {
		const base = live.stream('rows', table.load, { prepend, max });
		const filtered = pipe(
			base,
			pipe.filter((_, { open }) => open || !filter)
		);
		const ordered = sorted ? pipe(filtered, pipe.sort('n')) : filtered;
		return limit > 0 ? pipe(ordered, pipe.limit(limit)) : ordered;
	}
});

describe('views of many', () => {
	it('are encoded once for all who see the same, whoever they are', async () => {
		const table = new Table(row(1));
		const stream = pipe(
			live.stream('rows', table.load),
			pipe.filter((_, { open }) => open)
		);
		const { connect } = await served(table, stream);
		const [one, other] = [await connect(ada), await connect(bob)];
		await one.subscribe('m/rows');
		await other.subscribe('m/rows');
		expect(table.loads).toBe(1);
		expect(one.of('snapshot')[0]?.alias).toBe(other.of('snapshot')[0]?.alias);
	});

	const owned = (table: Table) =>
		pipe(
			live.stream('rows', table.load),
			pipe.filter((ctx, { owner }) => owner === (ctx.user as { id: string }).id)
		);

	it('belong to one user each where the filter looks at the user', async () => {
		const table = new Table({ ...row(1), owner: 'ada' }, { ...row(2), owner: 'bob' });
		const { connect } = await served(table, owned(table));
		const clients = [await connect(ada), await connect(bob), await connect(ada)];
		const ids = await Promise.all(clients.map((client) => client.subscribe('m/rows')));
		await table.put({ ...row(3), owner: 'bob' });
		await table.put({ ...row(4), owner: 'ada' });
		expect(clients.map((client, index) => idsOf(shownBy(client, ids[index]!)))).toEqual([
			[1, 4],
			[2, 3],
			[1, 4]
		]);
		const aliases = clients.map((client) => client.of('snapshot').at(-1)?.alias);
		expect(aliases[0]).toBe(aliases[2]);
		expect(aliases[0]).not.toBe(aliases[1]);
	});

	it('part before anything is sent that depends on the user, however late a function looks', async () => {
		const table = new Table(row(1));
		const stream = pipe(
			live.stream('rows', table.load),
			pipe.filter((ctx, { owner }) => owner === undefined || owner === (ctx.user as { id: string }).id)
		);
		const { connect } = await served(table, stream);
		const clients = [await connect(ada), await connect(bob)];
		const ids = await Promise.all(clients.map((client) => client.subscribe('m/rows')));
		await table.put({ ...row(2), owner: 'ada', secret: 'of ada' });
		await table.put(row(3));
		expect(clients.map((client, index) => idsOf(shownBy(client, ids[index]!)))).toEqual([
			[1, 2, 3],
			[1, 3]
		]);
		expect(clients[1]?.socket.sent.join()).not.toContain('of ada');
	});

	it("never share one user's load with another", async () => {
		const load = async (ctx: { user: unknown }): Promise<Row[]> => {
			const { id } = ctx.user as { id: string };
			await Promise.resolve();
			return [{ ...row(1), owner: id }];
		};
		const stream = pipe(
			live.stream('rows', load),
			pipe.filter(() => true),
			pipe.by(() => 'everybody')
		);
		const { connect } = await startServer({ m: { rows: stream } });
		const clients = [await connect(ada), await connect(bob)];
		const ids = await Promise.all(clients.map((client) => client.subscribe('m/rows')));
		const owners = clients.map((client, index) =>
			(shownBy(client, ids[index]!) as Row[]).map(({ owner }) => owner)
		);
		expect(owners).toEqual([['ada'], ['bob']]);
	});

	it('are shared as the view says', async () => {
		const table = new Table({ ...row(1), owner: 'crew' }, { ...row(2), owner: 'guests' });
		const roleOf = (user: unknown): string => ((user as { id: string }).id === 'cid' ? 'guests' : 'crew');
		const stream = pipe(
			live.stream('rows', table.load),
			pipe.filter((ctx, { owner }) => owner === roleOf(ctx.user)),
			pipe.by((ctx) => roleOf(ctx.user))
		);
		const { connect } = await served(table, stream);
		const clients = [await connect(ada), await connect(bob), await connect({ user: { id: 'cid' } })];
		for (const client of clients) await client.subscribe('m/rows');
		const aliases = clients.map((client) => client.of('snapshot')[0]?.alias);
		expect(aliases[0]).toBe(aliases[1]);
		expect(aliases[0]).not.toBe(aliases[2]);
		expect(table.loads).toBe(2);
	});

	it('end with their last reader', async () => {
		const table = new Table(row(1));
		const { connect, server } = await served(table, owned(table));
		const client = await connect();
		const id = await client.subscribe('m/rows');
		await client.say(`["unsubscribe",${id}]`);
		expect(server.topicCount).toBe(0);
		await table.put({ ...row(2), owner: 'ada' });
		expect(client.of('event')).toEqual([]);
	});

	it('may not hold more rows than the limit "viewRows"', async () => {
		const table = new Table(row(1), row(2));
		const stream = pipe(
			live.stream('rows', table.load),
			pipe.filter(() => true)
		);
		const harness = await startServer({ m: { rows: stream } }, { limits: { viewRows: 2 } });
		table.harness = harness;
		const client = await harness.connect();
		const id = await client.subscribe('m/rows');
		await table.put(row(3));
		expect(client.errorOf(id)).toMatchObject({
			code: 'TOO_MANY',
			message: expect.stringContaining('"viewRows" of 2')
		});
		const other = await client.subscribe('m/rows');
		expect(client.errorOf(other)).toMatchObject({ code: 'TOO_MANY' });
	});
});
