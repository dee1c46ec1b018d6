import { afterEach, describe, expect, it } from 'vitest';
import { ada, startServer } from '../../test/support/server-harness.ts';
import type { SessionSource } from '../server/config.ts';
import type { LiveContext } from '../server/context.ts';
import { live, publish } from './live.ts';
import { Runtime, runtime } from '../server/runtime.ts';

const event = {} as SessionSource;
const cards = live.stream(
	(_ctx: LiveContext, board: string) => ['board', board],
	(_ctx, board) => [{ id: 1, board }]
);

afterEach(() => {
	Object.assign(runtime(), new Runtime());
});

/** A process in which the integration has started the server. */
async function startRuntime(modules: Record<string, Record<string, unknown>>) {
	const harness = await startServer();
	runtime().server = harness.server;
	for (const [id, exports] of Object.entries(modules)) runtime().register(id, exports);
	return harness;
}

describe('a definition', () => {
	it.each([undefined, null, 5, 'text', {}, []])('of a call takes a function, not %j', (handler) => {
		expect(() => live(handler as never)).toThrow(/takes a function/);
	});

	it('of a stream is refused where its way to merge or its topic does not exist', () => {
		expect(() => live.stream('rows', () => [], { merge: 'append' as 'crud' })).toThrow(/"append"/);
		expect(() => live.stream('', () => [])).toThrow(/topic is empty/);
		expect(() => live.channel(['a', {} as string])).toThrow(/part of type object/);
	});

	it('takes an option that is undefined for one that is absent', async () => {
		const options = { merge: undefined, key: undefined, max: undefined, ephemeral: undefined } as object;
		const { server } = await startRuntime({ m: { rows: live.stream('rows', () => [], options) } });
		expect((await server.loadStream('m/rows', ada, [])).merge).toEqual({
			kind: 'crud',
			key: 'id',
			prepend: false,
			max: 0
		});
	});

	it.each([
		['crud', 'id', 0],
		['set', 'id', 0],
		['latest', 'id', 50],
		['presence', 'key', 0],
		['cursor', 'key', 0]
	] as const)('of the kind %s has the key "%s" and keeps %d rows', (...[merge, key, max]) => {
		expect(live.stream('rows', () => [], { merge }).topic().merge).toEqual({
			kind: merge,
			key,
			prepend: false,
			max
		});
	});
});

describe('the topic of a stream', () => {
	it('has the name that its arguments make', () => {
		expect(cards.topic('a/b').name).toBe('board/a%2Fb');
		expect(live.channel('here').topic().name).toBe('here');
	});

	it('that depends on the caller needs one', () => {
		const mine = live.stream(
			(ctx) => ['mine', ctx.user.id],
			() => []
		);
		expect(() => mine.topic()).toThrow(/ctx\.user.*topicFor/);
		expect(mine.topicFor({ user: { id: 'ada' } }).name).toBe('mine/ada');
	});

	it('that is made asynchronously cannot be named ahead', () => {
		const late = live.stream(
			async () => ['late'],
			() => []
		);
		expect(() => late.topic()).toThrow(/asynchronously/);
	});

	it.each([
		['a stream', live.stream('t', () => []), false],
		['a stream of cursors', live.stream('t', () => [], { merge: 'cursor' }), true],
		['a channel', live.channel('t'), true],
		['a channel that keeps a log', live.channel('t', { ephemeral: false }), false]
	])('of %s is kept in a log or not', (...[, stream, ephemeral]) => {
		expect(stream.topic().ephemeral).toBe(ephemeral);
	});
});

describe('on the server', () => {
	it('a call says that it is called from the browser, by its path', async () => {
		const add = live(() => 1);
		await expect(add()).rejects.toThrow(/"a live function" was called on the server/);
		await startRuntime({ 'lib/board': { add } });
		await expect(add()).rejects.toThrow(/"lib\/board\/add" was called on the server/);
	});

	it('a stream is loaded for whoever sent the request', async () => {
		const mine = live.stream('mine', (ctx) => [{ id: ctx.user.id }]);
		await startRuntime({ m: { mine } });
		runtime().sessionOf = async () => ada;
		expect((await mine.load(event)).value).toEqual([{ id: 'ada' }]);
		runtime().sessionOf = () => null;
		await expect(mine.load(event)).rejects.toMatchObject({ code: 'UNAUTHORIZED' });
	});

	it('a stream that no module exports cannot be loaded', () => {
		const stray = live.stream('stray', () => []);
		expect(() => stray.load(event)).toThrow(/not registered/);
	});

	it('nothing works before the integration has started it, and it says so', async () => {
		await expect(publish('chat', 'created', 1)).rejects.toThrow(/has not been started.*tidewire\/kit/);
	});

	it('whoever publishes waits until the event is in the log', async () => {
		const { connect } = await startRuntime({ m: { cards } });
		const client = await connect();
		await client.subscribe('m/cards', ['b']);
		await publish(cards.topic('b'), 'created', { id: 2, board: 'b' });
		await client.say();
		expect(client.of('event')).toMatchObject([{ offset: 1, data: { id: 2 } }]);
	});

	it('there is one runtime for every copy of this package', () => {
		expect((globalThis as Record<symbol, unknown>)[Symbol.for('tidewire.runtime')]).toBe(runtime());
	});
});
