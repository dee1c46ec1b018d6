import * as v from 'valibot';
import { describe, expect, it } from 'vitest';
import { ada, bob, startServer, type FakeClient, type Harness } from '../../test/support/server-harness.ts';
import { LiveError } from '../base/errors.ts';
import { memory } from '../backplanes/memory/memory.ts';
import { encodeCatchup, encodeUnsubscribe } from '../protocol/stream.ts';
import type { LiveContext } from './context.ts';
import { live } from '../live/live.ts';

interface Card {
	id: number;
	title?: string;
}

const cardsOf = (load: () => Card[] | Promise<Card[]>) => live.stream((_ctx, board: string) => ['board', board], load);
const publish = async ({ server, clock }: Harness, topic: string[], ...ids: number[]): Promise<void> => {
	for (const id of ids) await server.publisher.publish(topic, 'created', { id });
	await clock.settle();
};

describe('a stream', () => {
	it('gives its snapshot with the position, then every event in order', async () => {
		const harness = await startServer({ m: { cards: cardsOf(() => [{ id: 1 }]) } });
		const client = await harness.connect();
		const id = await client.subscribe('m/cards', ['b']);
		await publish(harness, ['board', 'b'], 2, 3);
		expect(client.messages.slice(1)).toMatchObject([
			{ kind: 'snapshot', id, alias: 1, position: { offset: 0 }, value: [{ id: 1 }], events: [] },
			{ kind: 'event', alias: 1, offset: 1, event: 'created', data: { id: 2 } },
			{ kind: 'event', alias: 1, offset: 2, event: 'created', data: { id: 3 } }
		]);
	});

	it('gives what happened while it was loaded together with the snapshot', async () => {
		const gate = Promise.withResolvers<Card[]>();
		const harness = await startServer({ m: { cards: cardsOf(() => gate.promise) } });
		const client = await harness.connect();
		await client.subscribe('m/cards', ['b']);
		await publish(harness, ['board', 'b'], 2);
		expect(client.of('event')).toEqual([]);
		gate.resolve([{ id: 1 }]);
		await harness.clock.settle();
		expect(client.of('snapshot')).toMatchObject([
			{ position: { offset: 0 }, value: [{ id: 1 }], events: [{ offset: 1, data: { id: 2 } }] }
		]);
		expect(client.of('event')).toEqual([]);
	});

	it('goes on from a position with the missed events alone', async () => {
		let loads = 0;
		const harness = await startServer({ m: { cards: cardsOf(() => (loads++, [])) } });
		await publish(harness, ['board', 'b'], 1, 2, 3);
		const client = await harness.connect();
		const [{ position }] = await firstSnapshot(harness);
		await client.subscribe('m/cards', ['b'], { epoch: position!.epoch, offset: 1 });
		expect(client.of('resumed')).toMatchObject([
			{ position: { epoch: position!.epoch, offset: 1 }, events: [{ offset: 2 }, { offset: 3 }] }
		]);
		expect(loads).toBe(1); // the one that told the position
	});

	it.each([
		['another epoch', { epoch: 'other', offset: 1 }, 'epoch'],
		['a position ahead of the log', { epoch: 'e.0', offset: 99 }, 'epoch'],
		['a position that was forgotten', { epoch: 'e.0', offset: 1 }, 'evicted']
	])('resets a client with %s', async (_, position, reason) => {
		const harness = await startServer(
			{ m: { cards: cardsOf(() => [{ id: 9 }]) } },
			{ backplane: memory({ epoch: 'e', events: 4 }) }
		);
		await publish(harness, ['board', 'b'], 1, 2, 3, 4, 5, 6);
		const client = await harness.connect();
		const id = await client.subscribe('m/cards', ['b'], position);
		expect(client.of('reset')).toEqual([{ kind: 'reset', id, reason }]);
		expect(client.kindsFor(id)).toEqual(['reset', 'snapshot']);
	});

	it('answers a catch-up with what follows the position', async () => {
		const harness = await startServer({ m: { cards: cardsOf(() => []) } });
		const client = await harness.connect();
		const id = await client.subscribe('m/cards', ['b']);
		await publish(harness, ['board', 'b'], 1, 2);
		const { epoch } = client.of('snapshot')[0]!.position!;
		await client.say(encodeCatchup(id, { epoch, offset: 1 }));
		expect(client.of('resumed')).toMatchObject([{ id, position: { offset: 1 }, events: [{ offset: 2 }] }]);
		await publish(harness, ['board', 'b'], 3);
		expect(client.of('event').at(-1)).toMatchObject({ offset: 3 });
	});

	it('sends one event once where two streams of a connection read one topic', async () => {
		const harness = await startServer({ m: { cards: cardsOf(() => []) } });
		const client = await harness.connect();
		const one = await client.subscribe('m/cards', ['b']);
		await client.subscribe('m/cards', ['b']);
		await publish(harness, ['board', 'b'], 1);
		expect(client.of('event')).toHaveLength(1);
		await client.say(encodeUnsubscribe(one));
		await publish(harness, ['board', 'b'], 2);
		expect(client.of('event')).toHaveLength(2);
	});

	it('ends when the client says so, and its topic with the last one', async () => {
		const harness = await startServer({ m: { cards: cardsOf(() => []) } });
		const client = await harness.connect();
		const id = await client.subscribe('m/cards', ['b']);
		expect(harness.server.topicCount).toBe(1);
		await client.say(encodeUnsubscribe(id), encodeUnsubscribe(id), encodeUnsubscribe(77));
		expect(harness.server.topicCount).toBe(0);
		await publish(harness, ['board', 'b'], 1);
		expect(client.of('event')).toEqual([]);
	});

	it('ends with its connection, also while it is loaded', async () => {
		const gate = Promise.withResolvers<Card[]>();
		const harness = await startServer({ m: { cards: cardsOf(() => gate.promise) } });
		const client = await harness.connect();
		await client.subscribe('m/cards', ['b']);
		await client.vanish();
		gate.resolve([]);
		await harness.clock.settle();
		expect(harness.server.topicCount).toBe(0);
	});

	it('opens with many others at once, where the network takes everything as it comes', async () => {
		const harness = await startServer({ m: { cards: cardsOf(() => [{ id: 1, title: 'x'.repeat(10_000) }]) } });
		const client = await harness.connect();
		const frames = Array.from(
			{ length: 40 },
			(_, index) => `["subscribe",${index + 1},"m/cards",null,["b${index}"]]`
		);
		await client.say(...frames);
		expect(client.of('snapshot')).toHaveLength(40);
	});
});

describe('a stream is refused', () => {
	const cards = cardsOf(() => []);

	it.each(['m/none', 'm/add', 'm/constructor', 'm/__proto__', 'm/cards/', 'constructor', 'toString'])(
		'at the path "%s"',
		async (path) => {
			const { connect } = await startServer({ m: { cards, add: live(() => 1) } });
			const client = await connect();
			expect(client.errorOf(await client.subscribe(path))?.code).toBe('NOT_FOUND');
		}
	);

	it('beyond the limit, and may be opened when another one has ended', async () => {
		const { connect } = await startServer({ m: { cards } }, { limits: { streams: 2 } });
		const client = await connect();
		const first = await client.subscribe('m/cards', ['a']);
		await client.subscribe('m/cards', ['b']);
		const third = await client.subscribe('m/cards', ['c']);
		expect(client.errorOf(third)?.code).toBe('TOO_MANY');
		expect(client.errorOf(third)?.message).toContain('"streams"');
		await client.say(encodeUnsubscribe(first));
		expect(client.kindsFor(await client.subscribe('m/cards', ['c']))).toEqual(['snapshot']);
	});

	it.each<[string, unknown]>([
		['an object', {}],
		['a list', ['a', 'b']],
		['null', null],
		['nothing', undefined],
		['too long a text', 'x'.repeat(600)]
	])('where %s would become part of its topic', async (_, part) => {
		const { connect, server } = await startServer({ m: { cards } });
		const client = await connect();
		expect(client.errorOf(await client.subscribe('m/cards', [part]))?.code).toBe('BAD_REQUEST');
		expect(server.topicCount).toBe(0);
	});

	it('where its access rule says so, before anything is loaded', async () => {
		let loads = 0;
		const mine = live.stream(
			(_ctx: LiveContext, owner: string) => ['mine', owner],
			() => (loads++, []),
			{ access: async (ctx, owner) => ctx.user.id === owner }
		);
		const { connect } = await startServer({ m: { mine } });
		const client = await connect(ada);
		expect(client.kindsFor(await client.subscribe('m/mine', ['ada']))).toEqual(['snapshot']);
		expect(client.errorOf(await client.subscribe('m/mine', ['bob']))?.code).toBe('FORBIDDEN');
		expect(loads).toBe(1);
	});

	it('where its load fails, with no detail, and can be opened again', async () => {
		let broken = true;
		const harness = await startServer({
			m: {
				cards: cardsOf(() => {
					if (broken) throw new Error('secret');
					return [];
				})
			}
		});
		const client = await harness.connect();
		expect(client.errorOf(await client.subscribe('m/cards', ['b']))).toMatchObject({ code: 'INTERNAL' });
		expect(harness.errors).toHaveLength(1);
		expect(harness.server.topicCount).toBe(0);
		broken = false;
		expect(client.kindsFor(await client.subscribe('m/cards', ['b']))).toEqual(['snapshot']);
	});

	it('where its load takes too long', async () => {
		const harness = await startServer({ m: { cards: cardsOf(() => new Promise(() => {})) } });
		const client = await harness.connect();
		const id = await client.subscribe('m/cards', ['b']);
		await harness.clock.advance(30_000);
		expect(client.errorOf(id)?.code).toBe('TIMEOUT');
		expect(harness.server.topicCount).toBe(0);
	});

	it('where its load takes too long, and holds up no other stream after that', async () => {
		let hangs = true;
		const harness = await startServer({
			m: { cards: cardsOf(() => (hangs ? new Promise(() => {}) : [{ id: 1 }])) }
		});
		const client = await harness.connect();
		for (let index = 0; index < 20; index++) await client.subscribe('m/cards', [`b${index}`]);
		await harness.clock.advance(30_000);
		expect(client.of('error').map(({ error }) => error.code)).toEqual(Array.from({ length: 20 }, () => 'TIMEOUT'));
		hangs = false;
		expect(client.kindsFor(await client.subscribe('m/cards', ['b']))).toEqual(['snapshot']);
	});

	it('where its snapshot cannot travel', async () => {
		const harness = await startServer({ m: { cards: cardsOf(() => [{ id: 1, title: (() => 1) as never }]) } });
		const client = await harness.connect();
		expect(client.errorOf(await client.subscribe('m/cards', ['b']))?.code).toBe('INTERNAL');
	});

	it('where its arguments do not fit their schemas, and opens with what the schemas make of them', async () => {
		class Board {
			readonly name: string;
			constructor(name: string) {
				this.name = name;
			}
		}
		const schema = v.pipe(
			v.string(),
			v.transform((name) => new Board(name))
		);
		const boards = live.stream(
			(_ctx: LiveContext, board: Board) => ['board', board.name],
			(_ctx, board) => [{ id: board.name }],
			{ args: [schema] }
		);
		const { connect, errors } = await startServer({ m: { boards } });
		const client = await connect();
		expect(client.errorOf(await client.subscribe('m/boards', [5]))?.code).toBe('VALIDATION');
		await client.subscribe('m/boards', ['b']);
		expect(errors).toEqual([]);
		expect(client.of('snapshot')).toMatchObject([{ value: [{ id: 'b' }] }]);
	});
});

describe('hooks of a stream', () => {
	it('run when the client has its value, and when it ends the stream or is gone', async () => {
		const log: string[] = [];
		const here = live.channel('here', {
			onSubscribe: (ctx, topic) => void log.push(`+ ${ctx.user.id} ${topic.name}`),
			onUnsubscribe: (ctx, topic) => void log.push(`- ${ctx.user.id} ${topic.name}`)
		});
		const { connect } = await startServer({ m: { here } });
		const one = await connect(ada);
		const other = await connect(bob);
		const id = await one.subscribe('m/here');
		await other.subscribe('m/here');
		await one.say(encodeUnsubscribe(id));
		await other.vanish();
		expect(log).toEqual(['+ ada here', '+ bob here', '- ada here', '- bob here']);
	});

	it('report their failure, also that of what they publish, and refuse nothing', async () => {
		const inner = memory();
		const backplane = Object.assign(Object.create(inner) as typeof inner, {
			start: inner.start.bind(inner),
			subscribe: inner.subscribe.bind(inner),
			unsubscribe: inner.unsubscribe.bind(inner),
			append: () => Promise.reject(new LiveError('UNAVAILABLE', 'the log is away'))
		});
		const here = live.channel('here', {
			onSubscribe: (ctx) => ctx.publish('joins', 'created', { id: 1 }),
			onUnsubscribe: () => {
				throw new Error('hook');
			}
		});
		const { connect, errors } = await startServer({ m: { here } }, { backplane });
		const client = await connect();
		const id = await client.subscribe('m/here');
		await client.say(encodeUnsubscribe(id));
		expect(client.kindsFor(id)).toEqual(['snapshot']);
		expect(errors.map(({ error }) => (error as Error).message)).toEqual(['the log is away', 'hook']);
	});
});

describe('an ephemeral stream', () => {
	const cursors = live.channel('cursors', { merge: 'cursor' });
	const move = live((ctx: LiveContext, key: string, x: number) => ctx.publish(cursors.topic(), 'update', { key, x }));

	it('delivers without a position', async () => {
		const { connect } = await startServer({ m: { cursors, move } });
		const client = await connect();
		await client.subscribe('m/cursors');
		await client.call('m/move', 'ada', 1);
		expect(client.of('snapshot')).toMatchObject([{ position: null, value: [] }]);
		expect(client.of('event')).toMatchObject([{ offset: 0, event: 'update', data: { key: 'ada', x: 1 } }]);
	});

	it('sends a slow reader the latest of each row', async () => {
		const harness = await startServer({ m: { cursors, move } });
		const reader = await harness.connect();
		await reader.subscribe('m/cursors');
		reader.socket.stopReading();
		const filler = harness.server;
		await filler.publisher.publish(cursors.topic(), 'update', { key: 'wide', x: 'x'.repeat(70_000) });
		await harness.clock.settle();
		const mover = await harness.connect();
		for (let x = 0; x < 500; x++) await mover.call('m/move', `user ${x % 2}`, x);
		reader.socket.read();
		await harness.clock.settle();
		const seen = reader.of('event').map(({ data }) => (data as { x: unknown }).x);
		expect(seen.slice(1)).toEqual([498, 499]);
	});

	it('tells a slow reader of a row that was made and then changed', async () => {
		const rows = live.channel('rows', { merge: 'crud', ephemeral: true });
		const harness = await startServer({ m: { rows } });
		const reader = await harness.connect();
		await reader.subscribe('m/rows');
		for (const event of ['created', 'updated', 'updated', 'deleted', 'created', 'updated'] as const) {
			void harness.server.publisher.publish(rows.topic(), event, { id: 1 });
		}
		await harness.clock.settle();
		expect(reader.of('event').map(({ event }) => event)).toEqual([
			'created',
			'updated',
			'deleted',
			'created',
			'updated'
		]);
	});
});

describe('a reader that does not keep up', () => {
	const event = { title: 'x'.repeat(1_000) };
	const start = async (queueBytes: number, events = 4_096) => {
		let rows: Card[] = [];
		const harness = await startServer(
			{ m: { cards: cardsOf(() => rows) } },
			{ limits: { queueBytes }, backplane: memory({ epoch: 'e', events }) }
		);
		const reader = await harness.connect();
		const id = await reader.subscribe('m/cards', ['b']);
		reader.socket.stopReading();
		const flood = async (count: number): Promise<void> => {
			for (let index = 0; index < count; index++) {
				await harness.server.publisher.publish(['board', 'b'], 'created', { id: index, ...event });
				await harness.clock.settle();
			}
			rows = [{ id: 1 }];
		};
		return { harness, reader, id, flood };
	};

	it('is kept within its bound, and brought up to date from the log when it reads again', async () => {
		const { harness, reader, id, flood } = await start(100_000);
		const [connection] = harness.server.connections;
		await flood(500);
		expect(connection!.queuedBytes).toBeLessThanOrEqual(100_000);
		reader.socket.read();
		await harness.clock.settle();
		expect(offsetsOf(reader)).toEqual(Array.from({ length: 500 }, (_, index) => index + 1));
		expect(new Set(reader.kindsFor(id))).toEqual(new Set(['snapshot', 'resumed']));
	});

	it('is brought up to date in parts, each when it has taken the one before', async () => {
		const { harness, reader, id, flood } = await start(100_000);
		const [connection] = harness.server.connections;
		await flood(500);
		for (let round = 0; round < 200 && reader.of('resumed').length < 10; round++) {
			reader.socket.read();
			reader.socket.stopReading();
			await harness.clock.settle();
			expect(connection!.queuedBytes).toBeLessThanOrEqual(100_000);
		}
		await publish(harness, ['board', 'b'], 9_000);
		reader.socket.read();
		await harness.clock.settle();
		expect(offsetsOf(reader)).toEqual(Array.from({ length: 501 }, (_, index) => index + 1));
		expect(reader.kindsFor(id).filter((kind) => kind === 'resumed').length).toBeGreaterThan(10);
	});

	it('is reset where the log has forgotten what it missed', async () => {
		const { harness, reader, id, flood } = await start(100_000, 50);
		await flood(500);
		reader.socket.read();
		await harness.clock.settle();
		expect(reader.kindsFor(id)).toEqual(['snapshot', 'reset', 'snapshot']);
		expect(reader.of('snapshot')[1]).toMatchObject({ position: { offset: 500 }, value: [{ id: 1 }] });
		await publish(harness, ['board', 'b'], 7);
		expect(reader.of('event').at(-1)).toMatchObject({ offset: 501 });
	});

	it('still gets its answers', async () => {
		const { harness, reader, flood } = await start(100_000);
		harness.server.registry.register('n', { echo: live((_ctx, value: unknown) => value) });
		await flood(300);
		const id = await reader.call('n/echo', 'here');
		reader.socket.read();
		await harness.clock.settle();
		expect(reader.resultOf(id)).toBe('here');
	});
});

describe('a module that is replaced', () => {
	it('has its streams authorised and loaded anew', async () => {
		const harness = await startServer({
			m: { cards: cardsOf(() => [{ id: 1 }]) },
			n: { cards: cardsOf(() => []) }
		});
		const client = await harness.connect();
		const id = await client.subscribe('m/cards', ['b']);
		const other = await client.subscribe('n/cards', ['b']);
		harness.server.registry.register('m', { cards: cardsOf(() => [{ id: 2 }]) });
		harness.server.refresh('m');
		await harness.clock.settle();
		expect(client.kindsFor(id)).toEqual(['snapshot', 'reset', 'snapshot']);
		expect(client.of('reset')[0]).toMatchObject({ reason: 'reload' });
		expect(client.of('snapshot').at(-1)).toMatchObject({ value: [{ id: 2 }] });
		expect(client.kindsFor(other)).toEqual(['snapshot']);
	});
});

async function firstSnapshot(harness: Harness) {
	const client = await harness.connect();
	await client.subscribe('m/cards', ['b']);
	return client.of('snapshot') as [ReturnType<typeof client.of<'snapshot'>>[number]];
}

/** The offsets of all events in the order in which they came, with NaN where a `resumed` does not begin where they ended. */
function offsetsOf(reader: FakeClient): number[] {
	const offsets: number[] = [];
	for (const message of reader.messages) {
		if (message.kind === 'event') offsets.push(message.offset);
		else if (message.kind === 'resumed') {
			const connects = message.position.offset === (offsets.at(-1) ?? 0);
			offsets.push(...(connects ? [] : [NaN]), ...message.events.map(({ offset }) => offset));
		}
	}
	return offsets;
}
