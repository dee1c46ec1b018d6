import { describe, expect, it } from 'vitest';
import { startServer } from '../../test/support/server-harness.ts';
import { encodePing } from '../protocol/heartbeat.ts';
import { live } from '../live/live.ts';

const modules = {
	m: {
		echo: live((_ctx, value: unknown) => value),
		hang: live(() => new Promise(() => {})),
		cards: live.stream('cards', () => [{ id: 1 }])
	}
};

describe('a connection', () => {
	it('is welcomed after hello, with the limits of the server', async () => {
		const { accept } = await startServer(modules, { limits: { args: 5 }, randomName: () => 'c1' });
		const client = await accept().hello();
		expect(client.messages).toMatchObject([
			{ kind: 'welcome', version: 1, connectionId: 'c1', limits: { args: 5, depth: 64 } }
		]);
	});

	it.each([
		['a call before hello', '["call",1,"m/echo",[1]]', { code: 'PROTOCOL_ERROR', close: 4400 }],
		['a ping before hello', '["ping",1]', { code: 'PROTOCOL_ERROR', close: 4400 }],
		['version 0', '["hello",0]', { code: 'UPGRADE_REQUIRED', close: 4426 }],
		['a version of tomorrow', '["hello",999]', { code: 'UPGRADE_REQUIRED', close: 4426 }],
		['noise', 'GET / HTTP/1.1', { code: 'PROTOCOL_ERROR', close: 4400 }],
		['a call after hello in one frame, then noise', '["hello",1]\n{}', { code: 'PROTOCOL_ERROR', close: 4400 }]
	])('that begins with %s is told why, then closed', async (_, frame, end) => {
		const { accept } = await startServer(modules);
		const client = accept();
		await client.say(frame);
		expect(client.end).toEqual(end);
		expect(client.of('welcome')).toEqual([]);
	});

	it.each([
		['a second hello', '["hello",1]', { code: 'PROTOCOL_ERROR', close: 4400 }],
		['an unknown kind', '["constructor"]', { code: 'PROTOCOL_ERROR', close: 4400 }],
		['too many bytes', `["call",1,"m/echo",["${'x'.repeat(65_536)}"]]`, { code: 'TOO_LARGE', close: 4413 }],
		[
			'too many bytes in fewer characters',
			`["call",1,"m/echo",["${'€'.repeat(22_000)}"]]`,
			{ code: 'TOO_LARGE', close: 4413 }
		]
	])('that sends %s is told why, then closed', async (_, frame, end) => {
		const { connect } = await startServer(modules);
		const client = await connect();
		await client.say(frame);
		expect(client.end).toEqual(end);
	});

	it('takes a message of exactly the limit', async () => {
		const { connect } = await startServer(modules);
		const client = await connect();
		const around = '["call",1,"m/echo",[""]]'.length;
		await client.say(`["call",1,"m/echo",["${'x'.repeat(65_536 - around)}"]]`);
		expect(client.kindsFor(1)).toEqual(['result']);
	});

	it('that sends bytes is told that this version has none', async () => {
		const { connect, clock } = await startServer(modules);
		const client = await connect();
		client.socket.events?.message(new Uint8Array([1, 2]));
		await clock.settle();
		expect(client.end).toEqual({ code: 'PROTOCOL_ERROR', close: 4400 });
	});

	it.each([
		['two calls', '["call",5,"m/hang",[]]'],
		['a call and a stream', '["subscribe",5,"m/cards",null,[]]'],
		['a call and a batch', '["batch",0,[[4,"m/echo",[1]],[5,"m/echo",[1]]]]'],
		['a call and a refused call', '["call",5,"m/echo",{}]']
	])('that uses one id for %s is closed', async (_, second) => {
		const { connect } = await startServer(modules);
		const client = await connect();
		await client.say('["call",5,"m/hang",[]]', second);
		expect(client.end).toEqual({ code: 'PROTOCOL_ERROR', close: 4400 });
	});

	it('may use an id again once it was answered', async () => {
		const { connect } = await startServer(modules);
		const client = await connect();
		await client.say('["call",5,"m/echo",[1]]', '["call",5,"m/echo",[2]]');
		expect(client.of('result').map(({ value }) => value)).toEqual([1, 2]);
	});

	it('is heard no more after its goodbye', async () => {
		const { connect } = await startServer(modules);
		const client = await connect();
		await client.say('nonsense', '["call",1,"m/echo",[1]]', 'nonsense');
		expect(client.of('goodbye')).toHaveLength(1);
		expect(client.of('result')).toEqual([]);
		expect(client.messages.at(-1)?.kind).toBe('goodbye');
	});

	it('is told what its calls answered before, then goodbye', async () => {
		const { connect } = await startServer(modules);
		const client = await connect();
		await client.say('["call",1,"m/echo",[1]]', 'nonsense');
		expect(client.messages.map(({ kind }) => kind)).toEqual(['welcome', 'result', 'goodbye']);
	});

	it('is answered on a ping with the same number', async () => {
		const { connect } = await startServer(modules);
		const client = await connect();
		await client.say(encodePing(42));
		expect(client.of('pong')).toEqual([{ kind: 'pong', beat: 42 }]);
	});
});

describe('a peer that asks and never reads', () => {
	const big = live(() => 'x'.repeat(10_000));
	const floods: [string, (id: number) => string][] = [
		['calls', (id) => `["call",${id},"m/big",[]]`],
		['pings', (id) => `["ping",${id}]`],
		['calls of nothing', (id) => `["call",${id},"m/none${'x'.repeat(200)}",[]]`],
		['streams of nothing', (id) => `["subscribe",${id},"m/none${'x'.repeat(200)}",null,[]]`],
		['refused arguments', (id) => `["call",${id},"m/big",{}]`]
	];

	it.each(floods)('is not read any more when its queue is full: %s', async (_, message) => {
		const { connect, server, clock } = await startServer({ m: { big } }, { limits: { queueBytes: 20_000 } });
		const client = await connect();
		client.socket.stopReading();
		let id = 0;
		while (!client.socket.paused && id < 5_000) await client.say(message(++id));
		expect(client.socket.paused).toBe(true);
		const [connection] = server.connections;
		expect(connection!.queuedBytes).toBeLessThan(31_000);
		client.socket.read();
		await clock.settle();
		expect(client.socket.paused).toBe(false);
		expect(connection!.queuedBytes).toBe(0);
	});

	it('is not answered more than its share where it asks for everything in one frame, or in one packet', async () => {
		const { connect, server, clock } = await startServer({ m: { big } }, { limits: { queueBytes: 20_000 } });
		const client = await connect();
		client.socket.stopReading();
		const call = (id: number): string => `["call",${id},"m/big",[]]`;
		const frame = Array.from({ length: 50 }, (_, index) => call(index + 1)).join('\n');
		// A transport goes on to report what it had read before it was paused.
		await client.say(frame, call(51), call(52), encodePing(1));
		const [connection] = server.connections;
		expect(connection!.queuedBytes).toBeLessThan(31_000);
		for (let round = 0; round < 30; round++) {
			client.socket.read();
			client.socket.stopReading();
			await clock.settle();
			expect(connection!.queuedBytes).toBeLessThan(31_000);
		}
		client.socket.read();
		await clock.settle();
		expect(client.of('result').map(({ id }) => id)).toEqual(Array.from({ length: 52 }, (_, index) => index + 1));
		expect(client.messages.at(-1)?.kind).toBe('pong');
	});

	it('is not answered more than its share by calls that take their time', async () => {
		const later = live(async () => 'x'.repeat(10_000));
		const limits = { queueBytes: 20_000, callsInFlight: 4 };
		const { connect, server, clock } = await startServer({ m: { later } }, { limits });
		const client = await connect();
		client.socket.stopReading();
		await client.say(Array.from({ length: 50 }, (_, index) => `["call",${index + 1},"m/later",[]]`).join('\n'));
		const [connection] = server.connections;
		expect(connection!.queuedBytes).toBeLessThan(61_000);
		client.socket.read();
		await clock.settle();
		expect(client.of('result')).toHaveLength(50);
	});

	it('is closed where its transport goes on to report what it says', async () => {
		const { connect, server } = await startServer({ m: { big } }, { limits: { queueBytes: 20_000 } });
		const client = await connect();
		client.socket.stopReading();
		for (let id = 1; id < 1_000; id++) client.socket.events?.message(`["call",${id},"m/big",[]]`);
		const [connection] = server.connections;
		expect(connection!.state).toBe('closing');
		client.socket.read();
		expect(client.end).toEqual({ code: 'SLOW_CONSUMER', close: 4508 });
		expect(client.of('goodbye')[0]?.message).toContain('"queueBytes"');
		expect(client.of('result').length).toBeLessThan(5);
	});

	it('is closed where what it had said before was no message', async () => {
		const { connect, clock } = await startServer({ m: { big } }, { limits: { queueBytes: 20_000 } });
		const client = await connect();
		client.socket.stopReading();
		await client.say('["call",1,"m/big",[]]\n["call",2,"m/big",[]]\n["call",3,"m/big",[]]', 'nonsense');
		client.socket.read();
		await clock.settle();
		expect(client.end).toEqual({ code: 'PROTOCOL_ERROR', close: 4400 });
	});

	it('is read again also where the network took everything at once', async () => {
		const { connect, clock } = await startServer({ m: { big } }, { limits: { queueBytes: 20_000 } });
		const client = await connect();
		for (let id = 1; id <= 3; id++) client.socket.events?.message(`["call",${id},"m/big",[]]`);
		expect(client.socket.paused).toBe(true);
		await clock.settle();
		expect(client.of('result')).toHaveLength(3);
		expect(client.socket.paused).toBe(false);
	});
});
