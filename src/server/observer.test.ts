import { describe, expect, it } from 'vitest';
import { ada, startServer } from '../../test/support/server-harness.ts';
import { memory } from '../backplanes/memory/memory.ts';
import { LiveError } from '../base/errors.ts';
import type { Backplane, BackplaneStatus } from './backplane.ts';
import { live } from '../live/live.ts';
import type { Gauges, Observer } from './observer.ts';
import { LiveServer, type ServerOptions } from './server.ts';

/** Everything that an observer was told, in order, without what is not asked for. */
function recorder() {
	const told: unknown[][] = [];
	const seen: { gauges: Gauges | null } = { gauges: null };
	const record =
		(name: string) =>
		(...given: unknown[]): void =>
			void told.push([name, ...given.filter((each) => each !== undefined)]);
	const observer: Observer = {
		attached: (gauges) => void (seen.gauges = gauges),
		connectionOpened: record('connectionOpened'),
		connectionRefused: record('connectionRefused'),
		connectionClosed: record('connectionClosed'),
		callEnded: record('callEnded'),
		streamOpened: record('streamOpened'),
		streamClosed: record('streamClosed'),
		streamRefused: record('streamRefused'),
		streamReset: record('streamReset'),
		streamCaughtUp: record('streamCaughtUp'),
		eventPublished: record('eventPublished'),
		eventsDelivered: record('eventsDelivered'),
		eventsDropped: record('eventsDropped'),
		eventConflated: record('eventConflated'),
		backplaneChanged: record('backplaneChanged')
	};
	const of = (name: keyof Observer): unknown[][] =>
		told.filter(([each]) => each === name).map((each) => each.slice(1));
	return { observer, told, of, seen };
}

async function start(module: Record<string, unknown> = {}, options: Partial<ServerOptions> = {}) {
	const record = recorder();
	const harness = await startServer({ m: module }, { observer: record.observer, ...options });
	return { ...harness, ...record };
}

const rows = live.stream('rows', (): { id: number; text: string }[] => []);
const add = live((ctx, id: number, text: string = '') => ctx.publish(rows.topic(), 'created', { id, text }));

describe('an observer', () => {
	it('hears of connections, and with which code they closed', async () => {
		const { connect, accept, told } = await start();
		const client = await connect();
		client.socket.events?.closed(4429, '');
		client.socket.events?.closed(1006, ''); // nobody closes twice
		accept(null);
		expect(told).toEqual([['connectionOpened'], ['connectionClosed', 4429], ['connectionRefused', 'UNAUTHORIZED']]);
	});

	it('hears how each call ended and how long it took, by the path of a function that exists', async () => {
		let finish = (): void => {};
		const slow = live(() => new Promise<void>((resolve) => (finish = resolve)));
		const wrong = live(() => {
			throw new LiveError('CONFLICT');
		});
		const { connect, clock, of } = await start({ ping: live(() => 1), slow, wrong });
		const client = await connect();
		await client.call('m/ping');
		await client.call('m/wrong');
		await client.call('m/of-a-client');
		await client.call('m/slow');
		await clock.advance(250);
		finish();
		await clock.settle();
		expect(of('callEnded')).toEqual([
			['m/ping', 'ok', 0],
			['m/wrong', 'CONFLICT', 0],
			[null, 'NOT_FOUND', 0],
			['m/slow', 'ok', 250]
		]);
	});

	it('hears once of a call whose caller left', async () => {
		let finish = (): void => {};
		const { connect, clock, of } = await start({ slow: live(() => new Promise<void>((done) => (finish = done))) });
		const client = await connect();
		await client.call('m/slow');
		await client.vanish();
		finish();
		await clock.settle();
		expect(of('callEnded')).toEqual([['m/slow', 'CONNECTION_LOST', 0]]);
	});

	it('hears of streams that open, are refused and close', async () => {
		const denied = live.stream('secret', () => [], { access: () => false });
		const { connect, of } = await start({ rows, denied });
		const client = await connect();
		await client.subscribe('m/rows');
		await client.subscribe('m/denied');
		await client.subscribe('m/none');
		await client.vanish();
		expect(of('streamOpened')).toEqual([['m/rows']]);
		expect(of('streamRefused')).toEqual([
			['m/denied', 'FORBIDDEN'],
			[null, 'NOT_FOUND']
		]);
		expect(of('streamClosed')).toEqual([['m/rows', 'CONNECTION_LOST']]);
	});

	it('counts what is published, and to how many connections it goes', async () => {
		const { connect, clock, of } = await start({ rows, add });
		const [one, other] = [await connect(), await connect()];
		await one.subscribe('m/rows');
		await other.subscribe('m/rows');
		await one.call('m/add', 1);
		await clock.advance(0);
		expect(of('eventPublished')).toEqual([['log', 'ok', 0]]);
		expect(of('eventsDelivered')).toEqual([[1, 2]]);
	});

	it('hears why clients catch up, and why they have to begin again', async () => {
		const { connect, clock, of } = await start({ rows, add });
		const client = await connect();
		await client.call('m/add', 1);
		await client.subscribe('m/rows');
		const [snapshot] = client.of('snapshot');
		await client.call('m/add', 2);
		await client.subscribe('m/rows', [], snapshot!.position);
		await client.subscribe('m/rows', [], { epoch: 'of another log', offset: 0 });
		await clock.settle();
		expect(of('streamCaughtUp')).toEqual([['m/rows', 'resumed']]);
		expect(of('streamReset')).toEqual([['m/rows', 'epoch']]);
	});

	it('counts the events that a slow reader loses, and hears when it has caught up', async () => {
		const { connect, clock, of, seen } = await start({ rows, add }, { limits: { queueBytes: 40_000 } });
		const [slow, writer] = [await connect(), await connect()];
		await slow.subscribe('m/rows');
		slow.socket.stopReading();
		const texts = Array.from({ length: 8 }, () => 'x'.repeat(9_000));
		for (const [id, text] of texts.entries()) {
			await writer.call('m/add', id, text);
			await clock.advance(0);
		}
		expect(seen.gauges?.queuedBytes).toBeGreaterThan(9_000);
		const dropped = of('eventsDropped').reduce((sum, [events]) => sum + (events as number), 0);
		expect(dropped).toBe(1); // from then on it is behind, and gets no more
		slow.socket.read();
		await clock.advance(0);
		expect(of('streamCaughtUp')).toEqual([['m/rows', 'slow']]);
	});

	it('counts what later events replace', async () => {
		const hands = live.channel('hands', { merge: 'cursor', key: 'key' });
		const wave = live((ctx) => {
			for (let x = 0; x < 4; x++) ctx.publish(hands.topic(), 'update', { key: 'a', x });
		});
		const { connect, of } = await start({ hands, wave });
		const [reader, writer] = [await connect(), await connect()];
		await reader.subscribe('m/hands');
		await writer.call('m/wave');
		expect(of('eventConflated')).toHaveLength(3);
		expect(of('eventPublished')).toHaveLength(4);
		expect(of('eventPublished')[0]).toEqual(['ephemeral', 'ok', 0]);
	});

	it('hears that the backplane goes and comes, and of publishing that fails', async () => {
		let tell: (status: BackplaneStatus) => void = () => {};
		const log = memory({ epoch: 'e' });
		const begin = log.start.bind(log);
		const backplane: Backplane = Object.assign(log, {
			start: (...[deliver, onStatus]: Parameters<Backplane['start']>) => {
				tell = onStatus ?? tell;
				return begin(deliver);
			},
			append: () => Promise.reject(new LiveError('UNAVAILABLE'))
		});
		const { connect, of, seen } = await start({ add }, { backplane });
		tell({ available: false, reason: 'gone' });
		expect(seen.gauges?.available).toBe(false);
		tell({ available: true, reason: null });
		expect(of('backplaneChanged')).toEqual([[false], [true]]);
		await (await connect()).call('m/add', 1);
		expect(of('eventPublished')).toEqual([['log', 'UNAVAILABLE', 0]]);
		expect(of('callEnded')).toEqual([['m/add', 'UNAVAILABLE', 0]]);
	});

	it('may ask what there is at any moment', async () => {
		let finish = (): void => {};
		const slow = live(() => new Promise<void>((done) => (finish = done)));
		const { connect, seen } = await start({ rows, slow });
		const client = await connect();
		await client.subscribe('m/rows');
		await client.call('m/slow');
		expect(seen.gauges).toMatchObject({
			connections: 1,
			topics: 1,
			queuedBytes: 0,
			pendingCalls: 1,
			missingEvents: 0,
			available: true
		});
		expect(await seen.gauges?.roundTripMs()).toBe(0);
		finish();
	});

	it('runs calls, loads and publishes within spans of its own, several inside each other', async () => {
		const ran: string[] = [];
		const spanning = (name: string): Observer => ({
			span: (kind, what, run) => {
				ran.push(`${name} ${kind} ${what}`);
				return run();
			}
		});
		const observer = [spanning('outer'), spanning('inner')];
		const { connect, server } = await start({ rows, add }, { observer });
		const client = await connect();
		await client.call('m/add', 1);
		await client.subscribe('m/rows');
		await server.loadStream('m/rows', ada, []);
		expect(ran).toEqual(
			['call m/add', 'publish log', 'load m/rows', 'load m/rows'].flatMap((what) => [
				`outer ${what}`,
				`inner ${what}`
			])
		);
	});

	it('that fails is reported, and disturbs neither the server nor the next one', async () => {
		const failing: Observer = {
			callEnded: () => {
				throw new Error('no disk');
			}
		};
		const { observer, of } = recorder();
		const { connect, errors } = await start({ ping: live(() => 'pong') }, { observer: [failing, observer] });
		const client = await connect();
		const id = await client.call('m/ping');
		expect(client.resultOf(id)).toBe('pong');
		expect(errors).toMatchObject([{ error: { message: 'no disk' } }]);
		expect(of('callEnded')).toHaveLength(1);
	});

	it('is told nothing of what tidewire publishes for itself', async () => {
		const { observer, told } = recorder();
		const log = memory({ epoch: 'e' });
		const shared: Backplane = Object.defineProperty(log, 'recipe', { value: undefined });
		const server = new LiveServer({ backplane: shared, observer });
		await server.start();
		await server.revoke('ada');
		expect(told).toEqual([]);
		await server.stop();
	});
});
