// What a connection is sent within one pass of the event loop: in one write, in order, and nothing twice.
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { startServer, type FakeClient } from '../../test/support/server-harness.ts';
import { encodeCall } from '../protocol/call.ts';
import { encodeSubscribe } from '../protocol/stream.ts';
import type { LiveContext } from './context.ts';
import { live } from '../live/live.ts';

const feed = live.stream(
	(_ctx, name: string) => ['feed', name],
	() => [] as { id: number }[]
);
const add = live((ctx: LiveContext, name: string, id: number) => ctx.publish(feed.topic(name), 'created', { id }));

async function scene() {
	const harness = await startServer({ m: { feed, add, echo: live((_ctx, value: unknown) => value) } });
	const publish = (name: string, ...ids: number[]): void => {
		for (const id of ids) void harness.server.publisher.publish(feed.topic(name), 'created', { id });
	};
	const join = async (...names: string[]): Promise<FakeClient> => {
		const client = await harness.connect();
		for (const name of names) await client.subscribe('m/feed', [name]);
		return client;
	};
	return { ...harness, publish, join };
}

/** What arrived: answers by their id, events by their offset. */
const summary = (client: FakeClient): string[] =>
	client.messages.flatMap((message) => {
		if (message.kind === 'event') return [`event ${message.alias}.${message.offset}`];
		return message.kind === 'result' || message.kind === 'snapshot' ? [`${message.kind} ${message.id}`] : [];
	});

describe('events of one pass', () => {
	it('reach every reader in one write, encoded once for all', async () => {
		const { join, publish, clock } = await scene();
		const readers = [await join('a'), await join('a', 'b')];
		const writes = readers.map(({ socket }) => socket.writes);
		publish('a', 1, 2, 3);
		await clock.settle();
		expect(readers.map(({ socket }, index) => socket.writes - (writes[index] ?? 0))).toEqual([1, 1]);
		for (const reader of readers)
			expect(summary(reader).slice(-3)).toEqual(['event 1.1', 'event 1.2', 'event 1.3']);
		expect(readers[0]!.socket.sent.at(-1)!.split('\n'), 'in one frame').toHaveLength(3);
	});

	it('of several topics reach a reader in one write', async () => {
		const { join, publish, clock } = await scene();
		const reader = await join('a', 'b', 'c');
		const { writes } = reader.socket;
		publish('a', 1);
		publish('b', 1);
		publish('a', 2);
		await clock.settle();
		expect(reader.socket.writes - writes).toBe(1);
		expect(summary(reader).slice(-3).toSorted()).toEqual(['event 1.1', 'event 1.2', 'event 2.1']);
	});

	it('come before the answer of the call that published them, once', async () => {
		const { join } = await scene();
		const [caller, other] = [await join('a', 'b'), await join('a')];
		const frames = [10, 11, 12].map((id) => encodeCall(id, 'm/add', ['a', id]));
		await caller.say(frames.join('\n'));
		expect(summary(caller).slice(2)).toEqual([
			...['event 1.1', 'result 10', 'event 1.2', 'result 11', 'event 1.3', 'result 12']
		]);
		expect(summary(other).slice(1)).toEqual(['event 1.1', 'event 1.2', 'event 1.3']);
		expect(other.socket.sent.at(-1)!.split('\n')).toHaveLength(3);
	});

	it('are not sent to a stream that begins behind them', async () => {
		const { join, publish, clock } = await scene();
		const [early, late] = [await join('a'), await join('b')];
		publish('a', 1);
		late.socket.events?.message(encodeSubscribe({ id: 5, path: 'm/feed', position: null, args: ['a'] }));
		publish('a', 2);
		await clock.settle();
		publish('a', 3);
		await clock.settle();
		expect(summary(early).slice(1)).toEqual(['event 1.1', 'event 1.2', 'event 1.3']);
		const snapshot = late.of('snapshot')[1]!;
		const offsets = [...snapshot.events, ...late.of('event')].map(({ offset }) => offset);
		expect(offsets).toEqual([1, 2, 3].slice(snapshot.position?.offset));
	});

	it('are offered in parts where they are a flood, so that queues can drop a part of it', async () => {
		const { join, publish, clock, server } = await scene();
		const reader = await join('a');
		const [connection] = server.connections;
		publish('a', ...Array.from({ length: 100 }, (_, index) => index));
		expect(connection!.queuedBytes).toBe(0);
		publish('a', ...Array.from({ length: 4_000 }, (_, index) => index));
		expect(connection!.queuedBytes).toBeGreaterThan(64 * 1024);
		const { writes } = reader.socket;
		await clock.settle();
		expect(reader.socket.writes - writes).toBe(1);
		expect(reader.of('event').map(({ offset }) => offset)).toEqual(
			Array.from({ length: 4_100 }, (_, index) => index + 1)
		);
	});
});

describe('whatever is published, asked and subscribed in one pass', () => {
	const action = fc.record({
		client: fc.nat(2),
		kind: fc.constantFrom('add', 'add', 'add', 'echo', 'subscribe', 'pass'),
		topic: fc.constantFrom('a', 'b', 'c')
	});

	it('every stream has every event once and in order, and calls are answered behind their events', async () => {
		await fc.assert(
			fc.asyncProperty(fc.array(action, { maxLength: 30 }), async (actions) => {
				const { join, clock } = await scene();
				const clients = [await join('a'), await join('a', 'b'), await join()];
				let id = 100; // never used twice, by any client
				for (const { client, kind, topic } of actions) {
					const { events } = clients[client]!.socket;
					if (kind === 'pass') await clock.settle();
					else if (kind === 'subscribe') {
						events?.message(encodeSubscribe({ id: ++id, path: 'm/feed', position: null, args: [topic] }));
					} else events?.message(encodeCall(++id, `m/${kind}`, [topic, id]));
				}
				await clock.settle();
				expect(clients.flatMap(faultsOf)).toEqual([]);
			}),
			{ numRuns: 200 }
		);
	});
});

/** Events follow each other and the last snapshot of their topic, and none comes behind the answer of its own call. */
function faultsOf(client: FakeClient): string[] {
	const positions = new Map<number, number>();
	const answered = new Set<number>();
	const faults: string[] = [];
	for (const message of client.messages) {
		if (message.kind === 'result') answered.add(message.id);
		else if (message.kind === 'snapshot') {
			positions.set(message.alias, message.events.at(-1)?.offset ?? message.position?.offset ?? 0);
		} else if (message.kind === 'event') {
			const { alias, offset, data } = message;
			if (offset !== (positions.get(alias) ?? -1) + 1) faults.push(`${offset} follows ${positions.get(alias)}`);
			if (answered.has((data as { id: number }).id)) faults.push(`${offset} comes behind its answer`);
			positions.set(alias, offset);
		}
	}
	return faults;
}
