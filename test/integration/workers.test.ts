// An app in several workers, started by `tidewire serve`: the real command, the built app, real clients.
import { once } from 'node:events';
import { get, type IncomingMessage } from 'node:http';
import { createServer } from 'node:net';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { createClient, type Client } from '../../src/client/client.ts';
import type { Applied } from '../../src/client/options.ts';
import type { ClientStream } from '../../src/client/stream.ts';
import { Fixture, type RunningApp } from '../support/fixture.ts';
import { LiveClient } from '../support/live-client.ts';

const HOOKS = `
	import { defineLive } from 'tidewire/server';
	import { sqlite } from 'tidewire/sqlite';
	const { HISTORY, SAYS } = process.env;
	export default defineLive({ anonymous: SAYS !== 'nothing', ...(HISTORY && { backplane: sqlite(HISTORY) }) });
`;
const MODULE = `
	import { live } from 'tidewire/server';
	export const log = live.stream(['log'], () => []);
	export const say = live((ctx, id) => ctx.publish(log.topic(), 'created', { id }));
	export const wave = live((ctx, id) => ctx.publish(hands.topic(), 'update', { key: 'hand', id }));
	export const hands = live.channel(['hands'], { merge: 'cursor', key: 'key' });
	export const slow = live((_ctx, ms) => new Promise((resolve) => setTimeout(resolve, ms, 'done')));
	export const pid = live.query(() => process.pid);
`;

/** A primary of the app's own. */
const OWN_CLUSTER = `
	import cluster from 'node:cluster';
	import { joinWorkers } from 'tidewire/cluster';
	if (cluster.isPrimary) {
		const joined = joinWorkers();
		const workers = [cluster.fork(), cluster.fork()];
		process.on('SIGTERM', () => workers.forEach((worker) => worker.process.kill()));
		const ends = workers.map((worker) => new Promise((resolve) => worker.on('exit', resolve)));
		await Promise.all(workers.map((worker) => new Promise((resolve) => worker.on('listening', resolve))));
		console.log('they serve .');
		const codes = await Promise.all(ends);
		await joined.stop();
		process.exitCode = Math.max(...codes);
	} else {
		await import('./custom-server.js');
	}
`;

let fixture: Fixture;
beforeAll(async () => {
	fixture = new Fixture('kit3', {
		without: ['src/routes/awaited'],
		files: { 'src/hooks.live.ts': HOOKS, 'src/lib/worker.live.js': MODULE, 'own-cluster.js': OWN_CLUSTER }
	});
	await fixture.build();
});
afterAll(() => fixture[Symbol.asyncDispose]());

/** A client, and what its stream took from the server. */
class Seat {
	readonly client: Client;
	readonly stream: ClientStream;
	readonly applied: Applied[] = [];
	resets = 0;

	constructor({ socketUrl }: RunningApp) {
		this.client = createClient({
			url: socketUrl,
			backoff: { firstMs: 200, capMs: 500 },
			onApply: (applied) => this.applied.push(applied),
			onReset: () => this.resets++
		});
		this.stream = this.client.stream('lib/worker/log', []);
		this.stream.onChange(() => {});
	}

	get pid(): Promise<number> {
		return this.client.query('lib/worker/pid', []) as Promise<number>;
	}

	say(id: string): Promise<unknown> {
		return this.client.call('lib/worker/say', [id]);
	}

	/** The ids of the rows in the order of their events. */
	get heard(): string[] {
		return this.applied.flatMap(({ change }) =>
			change.kind === 'event' ? [(change.data as { id: string }).id] : []
		);
	}

	get offsets(): number[] {
		return this.applied.flatMap(({ change, position }) =>
			change.kind === 'event' ? [position?.offset ?? NaN] : []
		);
	}
}

const seats: Seat[] = [];
afterEach(() => {
	for (const { client } of seats.splice(0)) client.close();
});

async function sit(app: RunningApp): Promise<Seat> {
	const seat = new Seat(app);
	seats.push(seat);
	await expect.poll(() => seat.stream.state.connected, { timeout: 20_000 }).toBe(true);
	return seat;
}

/** Two clients on different workers. */
async function sitApart(app: RunningApp): Promise<[Seat, Seat]> {
	const one = await sit(app);
	const pid = await one.pid;
	for (;;) {
		const other = await sit(app);
		if ((await other.pid) !== pid) return [one, other];
	}
}

/** Of a request on a connection of its own: whoever keeps one has to expect that the server closes it. */
async function statusOf(url: string): Promise<number | undefined> {
	const [response] = (await once(get(url, { agent: false }), 'response')) as [IncomingMessage];
	response.resume();
	return response.statusCode;
}

const upTo = (count: number): number[] => Array.from({ length: count }, (_, index) => index + 1);

function isRunning(pid: number): boolean {
	try {
		return process.kill(pid, 0);
	} catch {
		return false;
	}
}

describe('two workers', () => {
	let app: RunningApp;
	beforeAll(async () => {
		app = await fixture.workers(['--workers', '2']);
	});
	afterAll(() => app.stop());

	test('are one server: what is published in each is heard in both, in one order', async () => {
		const [one, other] = await sitApart(app);
		await Promise.all(
			[one, other].flatMap((seat, index) => upTo(200).map((number) => seat.say(`${index}-${number}`)))
		);
		await expect.poll(() => [one.heard.length, other.heard.length]).toEqual([400, 400]);
		expect(one.offsets).toEqual(upTo(400));
		expect(other.heard).toEqual(one.heard);
		expect(one.stream.state.value).toEqual(other.stream.state.value);
	});

	test('hear what is on an ephemeral topic of the other one', async () => {
		const [one, other] = await sitApart(app);
		const hands = one.client.stream('lib/worker/hands', []);
		const stop = hands.onChange(() => {});
		await expect.poll(() => hands.state.connected).toBe(true);
		await other.client.call('lib/worker/wave', [7]);
		await expect.poll(() => hands.state.value).toEqual([{ key: 'hand', id: 7 }]);
		stop();
	});

	test('lose no event when one of them is killed under load, and its clients go on at the other', async () => {
		const [one, other] = await sitApart(app);
		const before = other.offsets.at(-1) ?? Number(other.applied[0]?.position?.offset);
		const acknowledged: string[] = [];
		const load = async (seat: Seat, name: string): Promise<void> => {
			for (const number of upTo(300)) {
				const id = `${name}-${number}`;
				await seat.say(id).then(
					() => acknowledged.push(id),
					() => 'the connection was lost: nobody knows whether it was said'
				);
			}
		};
		const victim = await one.pid;
		const loads = [load(one, 'a'), load(other, 'b')];
		await expect.poll(() => other.heard.length, { interval: 5 }).toBeGreaterThan(50);
		process.kill(victim, 'SIGKILL');
		await Promise.all(loads);
		await one.say('the last one');

		await expect.poll(() => [one.heard.at(-1), other.heard.at(-1)]).toEqual(['the last one', 'the last one']);
		expect(other.offsets).toEqual(upTo(other.offsets.length).map((number) => number + before));
		expect(one.heard.slice(-other.heard.length)).toEqual(other.heard);
		expect(new Set(other.heard).size).toBe(other.heard.length);
		expect(acknowledged.filter((id) => !other.heard.includes(id))).toEqual([]);
		expect([one.resets, other.resets]).toEqual([0, 0]);
		await app.printed(new RegExp(`worker ${victim} was ended by SIGKILL; it is started again in \\d+ ms`));
	});

	test('are two again after one was killed', async () => {
		const [one, other] = await sitApart(app);
		await one.say('again');
		await expect.poll(() => other.heard).toEqual(['again']);
	});

	test('are replaced one after another on SIGHUP, without a moment without a server', async () => {
		const [one, other] = await sitApart(app);
		const old = await Promise.all([one.pid, other.pid]);
		app.child.kill('SIGHUP');
		while (!app.output().includes('all workers were replaced')) {
			expect(await statusOf(app.url)).toBe(200);
		}
		expect(old.map(isRunning)).toEqual([false, false]);
		await expect
			.poll(() => [one, other].map(({ stream }) => stream.state.connected), { timeout: 20_000 })
			.toEqual([true, true]);
		await one.say('replaced');
		await expect.poll(() => other.heard.at(-1)).toBe('replaced');
		expect([one.resets, other.resets]).toEqual([0, 0]);
	});

	test('end in order on SIGTERM, with calls answered and goodbyes said', async () => {
		const [one, other] = await sitApart(app);
		const pids = await Promise.all([one.pid, other.pid]);
		const slow = [one, other].map(({ client }) => client.call('lib/worker/slow', [500]));
		using plain = await LiveClient.connect(app.socketUrl);
		expect(await plain.call('lib/orphan/ping')).toBe('pong');
		await Promise.all([one.pid, other.pid]); // the slow calls run
		const ended = app.stop();
		expect(await Promise.all(slow)).toEqual(['done', 'done']);
		expect((await plain.goodbye()).code).toBe('GOING_AWAY');
		const { code, ms } = await ended;
		expect(code, app.output()).toBe(0);
		expect(ms).toBeLessThan(10_000);
		expect(pids.map(isRunning)).toEqual([false, false]);
	});
});

describe('a history in a file', () => {
	test('is kept by the primary for all workers, and clients resume when everything was started anew', async () => {
		const env = { HISTORY: fixture.path('data/live.db') };
		const app = await fixture.workers(['--workers', '2'], env);
		const [one, other] = await sitApart(app);
		await one.say('first');
		await expect.poll(() => other.heard).toEqual(['first']);
		expect((await app.stop()).code, app.output()).toBe(0);

		const next = await fixture.workers(['--workers', '2'], { ...env, PORT: String(app.port) });
		await expect
			.poll(() => [one, other].map(({ stream }) => stream.state.connected), { timeout: 30_000 })
			.toEqual([true, true]);
		await one.say('second');
		await expect.poll(() => other.heard).toEqual(['first', 'second']);
		expect([one.resets, other.resets]).toEqual([0, 0]);
		expect((await next.stop()).code).toBe(0);
	});
});

describe('the primary', () => {
	test('takes its workers along when it is killed', async () => {
		const app = await fixture.workers(['--workers', '2']);
		app.child.kill('SIGKILL');
		await app.exited; // not before the last process that writes to its output has ended
		await expect(fetch(app.url)).rejects.toThrow('fetch failed');
	});

	test('runs a server of the app, too, and ends with it', async () => {
		const app = await fixture.workers(['custom-server.js', '-w', '2']);
		expect((await app.stop()).code, 'before anything started').toBe(0);
		const next = await fixture.workers(['custom-server.js', '-w', '2']);
		const [one, other] = await sitApart(next);
		await one.say('hello');
		await expect.poll(() => other.heard).toEqual(['hello']);
		expect((await next.stop()).code, next.output()).toBe(0);
	});
});

test('a primary of its own joins its workers, too', async () => {
	const env = { HISTORY: fixture.path('data/own.db') };
	const app = await fixture.start('own-cluster.js', env);
	await app.printed(/they serve/);
	const [one, other] = await sitApart(app);
	await one.say('first');
	await expect.poll(() => other.heard).toEqual(['first']);
	expect((await app.stop()).code, app.output()).toBe(0);
});

describe('a mistake', () => {
	/** What is printed by a command that does not come to serve. */
	async function fails(args: string[], env: Record<string, string> = {}): Promise<string> {
		const command = fixture.path('node_modules/tidewire/dist/cli/tidewire.js');
		const { code, output } = await fixture.run([command, 'serve', ...args], env);
		expect(code, output).toBe(1);
		return output;
	}

	test('in the path is answered with what to do', async () => {
		expect(await fails(['nowhere'])).toContain('there is no "nowhere": build the app first (`npm run build`)');
		expect(await fails(['src'])).toContain('"src" has no index.js');
	});

	test('of the app is shown once, and not tried again', async () => {
		const output = await fails(['--workers', '2'], { SAYS: 'nothing', PORT: '0' });
		expect(output.match(/the app does not say who its users are/g)).toHaveLength(1);
	});

	test('about the port is said in words', async () => {
		const server = createServer().listen(0, '127.0.0.1');
		await once(server, 'listening');
		const { port } = server.address() as { port: number };
		const output = await fails(['--workers', '2'], { PORT: String(port), HOST: '127.0.0.1' });
		server.close();
		expect(output).toContain(`tidewire: cannot listen: port ${port} is in use. Another one is set with PORT=…`);
		expect(output).not.toContain('    at ');
	});
});
