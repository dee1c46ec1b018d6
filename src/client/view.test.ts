import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { MergeKind, MergeSpec } from '../base/merge.ts';
import { plainCrud, type CrudEvent, type Row } from '../../test/support/plain-crud.ts';
import { CRUD, said, Scene } from '../../test/support/scripted-server.ts';
import { View, type PendingEvent } from './view.ts';

const ann: Row = { id: 1, text: 'ann' };
const bob: Row = { id: 2, text: 'bob' };
const cid: Row = { id: 3, text: 'cid' };

function viewOf(value: unknown, kind: MergeKind = 'crud'): View {
	const view = new View();
	view.load(value, { ...CRUD, kind });
	return view;
}

describe('a view', () => {
	test('shows pending events on top of the confirmed value, and the confirmed value without them', () => {
		const view = viewOf([ann]);
		const entry = view.add('created', bob, false);
		expect(view.value).toEqual([ann, bob]);
		view.apply('created', cid);
		expect(view.value).toEqual([ann, cid, bob]);
		view.remove(entry);
		expect(view.value).toEqual([ann, cid]);
	});

	test('gives the same value until something changes', () => {
		const view = viewOf([ann]);
		view.add('created', bob, false);
		expect(view.value).toBe(view.value);
	});

	test('keeps pending events for the first snapshot', () => {
		const view = new View();
		view.add('created', bob, false);
		expect([view.ready, view.value]).toEqual([false, undefined]);
		view.load([ann], CRUD);
		expect(view.value).toEqual([ann, bob]);
	});

	test.each<[MergeKind, string, string]>([
		['crud', 'updated', 'deleted'],
		['presence', 'join', 'leave'],
		['cursor', 'update', 'remove']
	])('of kind %s: a confirmed event ends the pending one of its key and no other', (kind, put, remove) => {
		const view = viewOf([ann, bob], kind);
		view.add(put, { id: 1, text: 'mine' }, false);
		view.add(put, { id: 2, text: 'mine' }, false);
		view.apply(remove, { id: 1 });
		expect(view.value).toEqual([{ id: 2, text: 'mine' }]);
		view.apply(put, { id: 2, text: 'theirs' });
		expect(view.value).toEqual([{ id: 2, text: 'theirs' }]);
	});

	test('of kind set: any confirmed event ends all pending ones that no call holds', () => {
		const view = viewOf(1, 'set');
		const held = view.add('set', 2, true);
		view.add('set', 3, false);
		expect(view.value).toBe(3);
		view.apply('set', 4);
		expect(view.value).toBe(2);
		view.remove(held);
		expect(view.value).toBe(4);
	});

	test('of calls that follow each other for one row, the last one is shown until it ends', () => {
		const view = viewOf([{ id: 1, text: '' }]);
		const calls = ['a', 'ab', 'abc'].map((text) => ({ text, entry: view.add('updated', { id: 1, text }, true) }));
		for (const { text, entry } of calls) {
			view.apply('updated', { id: 1, text });
			expect(view.value).toEqual([{ id: 1, text: 'abc' }]);
			view.remove(entry);
			expect(view.value).toEqual([{ id: 1, text: 'abc' }]);
		}
	});

	test('of kind set: a snapshot ends the pending ones that no call holds', () => {
		const view = viewOf(1, 'set');
		const held = view.add('set', 2, true);
		view.add('set', 3, false);
		view.load(4, { ...CRUD, kind: 'set' });
		expect(view.value).toBe(2);
		view.remove(held);
		expect(view.value).toBe(4);
	});

	test('of kind latest: pending items stay behind the confirmed ones until they are taken back', () => {
		const view = viewOf(['a'], 'latest');
		const entry = view.add('said', 'mine', true);
		view.apply('said', 'b');
		expect(view.value).toEqual(['a', 'b', 'mine']);
		view.remove(entry);
		expect(view.value).toEqual(['a', 'b']);
	});

	test('a snapshot ends the pending events of the rows that it has, except those that a call holds', () => {
		const view = viewOf([]);
		view.add('updated', { id: 1, text: 'free' }, false);
		view.add('updated', { id: 2, text: 'held' }, true);
		view.add('created', { id: 3, text: 'new' }, false);
		view.load([ann, bob], CRUD);
		expect(view.value).toEqual([ann, { id: 2, text: 'held' }, { id: 3, text: 'new' }]);
	});
});

const row = fc.record({ id: fc.integer({ min: 0, max: 8 }), text: fc.string({ maxLength: 2 }) });
const rows = fc.uniqueArray(row, { selector: ({ id }) => id, maxLength: 8 });
const event: fc.Arbitrary<CrudEvent> = fc.tuple(fc.constantFrom('created', 'updated', 'deleted'), row);
const how: fc.Arbitrary<MergeSpec> = fc
	.record({ prepend: fc.boolean(), max: fc.constantFrom(0, 0, 4) })
	.map((rest) => ({ ...CRUD, ...rest }));

type Step =
	| { kind: 'confirm'; event: CrudEvent }
	| { kind: 'add'; event: CrudEvent; held: boolean }
	| { kind: 'remove'; index: number }
	| { kind: 'load'; rows: Row[] };

const step: fc.Arbitrary<Step> = fc.oneof(
	{ weight: 5, arbitrary: fc.record({ kind: fc.constant('confirm' as const), event }) },
	{ weight: 5, arbitrary: fc.record({ kind: fc.constant('add' as const), event, held: fc.boolean() }) },
	{ weight: 3, arbitrary: fc.record({ kind: fc.constant('remove' as const), index: fc.nat(9) }) },
	{ weight: 1, arbitrary: fc.record({ kind: fc.constant('load' as const), rows }) }
);

/** What a view must show, told without drafts, places and caches. */
class PlainView {
	confirmed: Row[];
	pending: { event: CrudEvent; held: boolean; entry: PendingEvent }[] = [];
	readonly spec: MergeSpec;

	constructor(value: Row[], spec: MergeSpec) {
		this.spec = spec;
		this.confirmed = plainCrud(value, [], spec);
	}

	confirm(confirmed: CrudEvent): void {
		this.confirmed = plainCrud(this.confirmed, [confirmed], this.spec);
		this.pending = this.pending.filter((entry) => entry.held || keyOf(entry.event) !== keyOf(confirmed));
	}

	load(value: Row[]): void {
		this.confirmed = plainCrud(value, [], this.spec);
		const keys = new Set(this.confirmed.map(({ id }) => id));
		this.pending = this.pending.filter((entry) => entry.held || !keys.has(keyOf(entry.event)));
	}

	get value(): Row[] {
		return plainCrud(
			this.confirmed,
			this.pending.map((entry) => entry.event),
			this.spec
		);
	}
}

const keyOf = ([, data]: CrudEvent): number => (data as Row).id;

describe('whatever happens in whatever order', () => {
	test('a view is the confirmed value with the pending events on top, and the confirmed value when all are settled', () => {
		fc.assert(
			fc.property(rows, how, fc.array(step, { maxLength: 60 }), (value, spec, steps) => {
				const view = new View();
				view.load(value, spec);
				const plain = new PlainView(value, spec);
				for (const next of steps) {
					play(next, view, plain);
					expect(view.value).toEqual(plain.value);
				}
				for (const { entry } of plain.pending) view.remove(entry);
				expect(view.value).toEqual(plain.confirmed);
			}),
			{ numRuns: 1_000 }
		);
	});

	function play(next: Step, view: View, plain: PlainView): void {
		switch (next.kind) {
			case 'confirm':
				view.apply(...next.event);
				return plain.confirm(next.event);
			case 'add':
				plain.pending.push({ ...next, entry: view.add(...next.event, next.held) });
				return;
			case 'remove': {
				const [removed] = plain.pending.splice(next.index, 1);
				if (removed) view.remove(removed.entry);
				return;
			}
			case 'load':
				view.load(next.rows, plain.spec);
				return plain.load(next.rows);
		}
	}

	// A stream against a server that runs the calls of this client and of others in one log, and a network that delivers
	// the log late, loses deliveries, and breaks.
	const history = fc.array(
		fc.oneof(
			{ weight: 4, arbitrary: fc.record({ kind: fc.constant('mutate' as const), event, fails: fc.boolean() }) },
			{ weight: 3, arbitrary: fc.record({ kind: fc.constant('other' as const), event }) },
			{ weight: 4, arbitrary: fc.record({ kind: fc.constant('run' as const) }) },
			{ weight: 3, arbitrary: fc.record({ kind: fc.constant('deliver' as const) }) },
			{ weight: 1, arbitrary: fc.record({ kind: fc.constant('lose' as const) }) },
			{ weight: 1, arbitrary: fc.record({ kind: fc.constant('drop' as const), snapshot: fc.boolean() }) }
		),
		{ maxLength: 40 }
	);

	test('mutations end as the server decided, and concurrent events are neither lost nor brought back', async () => {
		await fc.assert(
			fc.asyncProperty(rows, history, async (value, steps) => {
				const run = new MutationRun(value);
				await run.begin();
				for (const next of steps) await run.play(next);
				await run.end();
				expect(run.shown).toEqual(run.truth);
			}),
			{ numRuns: 300 }
		);
	});
});

type HistoryStep =
	| { kind: 'mutate'; event: CrudEvent; fails: boolean }
	| { kind: 'other'; event: CrudEvent }
	| { kind: 'run' }
	| { kind: 'deliver' }
	| { kind: 'lose' }
	| { kind: 'drop'; snapshot: boolean };

interface Running {
	event: CrudEvent;
	fails: boolean;
	settle: (failed: boolean) => void;
	done: Promise<unknown>;
}

class MutationRun {
	readonly #scene = new Scene({ backoff: { firstMs: 0, capMs: 0 } });
	readonly #stream = this.#scene.client.stream('app/rows', []);
	readonly #start: Row[];
	readonly #log: CrudEvent[] = [];
	/** The offset of the last event that left the server on this connection. */
	#sent = 0;
	#running: Running[] = [];

	constructor(value: Row[]) {
		this.#start = value;
	}

	get truth(): Row[] {
		return plainCrud(this.#start, this.#log, CRUD);
	}

	get shown(): unknown {
		return this.#stream.state.value;
	}

	async begin(): Promise<void> {
		this.#stream.onChange(() => {});
		await this.#connect(true);
	}

	async play(next: HistoryStep): Promise<void> {
		if (next.kind === 'mutate') this.#mutate(next.event, next.fails);
		else if (next.kind === 'other') this.#log.push(next.event);
		else if (next.kind === 'run') await this.#runOne();
		else if (next.kind === 'deliver') this.#deliver();
		else if (next.kind === 'lose') this.#sent = this.#log.length;
		else await this.#drop(next.snapshot);
		await this.#answer();
	}

	/** Settles everything, and delivers everything. */
	async end(): Promise<void> {
		while (this.#running.length > 0) await this.#runOne();
		this.#scene.socket.heartbeat(1, [[7, this.#log.length]]);
		await this.#answer();
		this.#deliver();
		this.#scene.socket.heartbeat(2, [[7, this.#log.length]]);
		await this.#answer();
		await this.#scene.clock.settle();
	}

	#mutate(event: CrudEvent, fails: boolean): void {
		let settle: Running['settle'] = () => {};
		const call = () =>
			new Promise<void>((resolve, reject) => {
				settle = (failed) => (failed ? reject(new Error('refused')) : resolve());
			});
		const done = this.#stream.mutate(...event, call).catch(() => {});
		this.#running.push({ event, fails, settle, done });
	}

	/** The server runs a call: its event goes into the log and to the client before the answer does. */
	async #runOne(): Promise<void> {
		const running = this.#running.shift();
		if (!running) return;
		if (!running.fails) {
			this.#log.push(running.event);
			this.#deliver();
		}
		running.settle(running.fails);
		await running.done;
	}

	#deliver(): void {
		const events = this.#log.slice(this.#sent);
		const messages = events.map(([name, data], index) => said.event(7, this.#sent + index + 1, name, data));
		this.#sent = this.#log.length;
		if (messages.length > 0) this.#scene.socket.say(...messages);
	}

	/** Calls that are under way when the connection breaks reject; those that ran did so with a lost answer. */
	async #drop(snapshot: boolean): Promise<void> {
		this.#scene.socket.drop();
		for (const running of this.#running.splice(0)) {
			if (!running.fails) this.#log.push(running.event);
			running.settle(true);
			await running.done;
		}
		await this.#scene.clock.advance(0);
		await this.#connect(snapshot);
	}

	async #connect(snapshot: boolean): Promise<void> {
		this.#scene.socket.welcome();
		await this.#answer(snapshot);
	}

	/** Answers what the client asked for since the last time. */
	async #answer(snapshot = false): Promise<void> {
		await this.#scene.clock.settle();
		for (const message of this.#scene.socket.take()) {
			if (message.kind !== 'subscribe' && message.kind !== 'catchup') continue;
			const { id, position } = message;
			const head = this.#log.length;
			this.#sent = head;
			const events = this.#log.map(([name, data], index) => [index + 1, name, data] as [number, string, unknown]);
			if (!position || snapshot) {
				this.#scene.socket.say(said.snapshot(id, this.truth, { position: { epoch: 'e', offset: head } }));
			} else this.#scene.socket.say(said.resumed(id, position, { events: events.slice(position.offset) }));
		}
		await this.#scene.clock.settle();
	}
}
