// The tests of a transport that needs a runtime of its own: the contract, run inside of it, and its upgrades, from outside.
import type { ChildProcess } from 'node:child_process';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { transportContract } from '../../../src/testing/transport-contract.ts';
import { connectRaw, type ConnectOptions, type UpgradeRefused, type WsClient } from '../ws-client.ts';
import type { TransportName } from './listen.ts';
import { startProgram, type Runtime } from './runtimes.ts';

const START_TIMEOUT_MS = 60_000;
/** Of 1,000 bytes each: more than the kernel buffers. */
const FLOOD_MESSAGES = 40_000;

export function contractSuite(runtime: Runtime, name: TransportName): void {
	const titles = transportContract({ connect: () => Promise.reject(new Error('only the titles are used')) });
	const failures = new Map<string, string | null>();
	beforeAll(async () => {
		const child = await startProgram(runtime, ['contract-process.ts', name], (line) => {
			const { title, failure } = JSON.parse(line) as { title: string; failure: string | null };
			failures.set(title, failure);
		});
		await new Promise((resolve) => child.on('close', resolve));
	}, START_TIMEOUT_MS);
	test.each(titles)('$title', ({ title }) => expect(failures.get(title)).toBeNull());
}

export function upgradeSuite(runtime: Runtime, name: TransportName): void {
	let port = 0;
	let child: ChildProcess | undefined;
	const ends: string[] = [];
	beforeAll(async () => {
		const listening = Promise.withResolvers<number>();
		child = await startProgram(runtime, ['upgrade-process.ts', name], (line) => {
			if (line.startsWith('port ')) listening.resolve(Number(line.slice(5)));
			else ends.push(line);
		});
		port = await listening.promise;
	}, START_TIMEOUT_MS);
	afterAll(() => void child?.kill('SIGKILL'));

	const connect = (options: ConnectOptions = {}) => connectRaw(`ws://127.0.0.1:${port}/__live`, options);
	const refused = (options: ConnectOptions): Promise<UpgradeRefused> =>
		connect(options).then(
			() => expect.fail('the upgrade was let through'),
			(error: unknown) => error as UpgradeRefused
		);

	test('an upgrade carries the session that authorize found', async () => {
		expect(await (await connect({ headers: { cookie: 'user=bob' } })).next()).toBe('"user=bob"');
	});

	test('an upgrade of nobody reaches the server', async () => {
		expect(await (await connect()).next()).toBe('null');
	});

	test('an upgrade is refused with the status and the reason that authorize gives', async () => {
		expect(await refused({ headers: { cookie: 'refuse' } })).toMatchObject({ status: 451, body: 'Not here.\n' });
	});

	test('an upgrade is refused with 500 and no detail when authorize throws', async () => {
		const refusal = await refused({ headers: { cookie: 'throw' } });
		expect(refusal).toMatchObject({ status: 500, body: 'Authorization failed.\n' });
	});

	test('an upgrade is refused with 503 when authorize takes too long', async () => {
		expect((await refused({ headers: { cookie: 'wait' } })).status).toBe(503);
	});

	test('an upgrade of a foreign page is refused with 403 and a reason', async () => {
		const refusal = await refused({ origin: 'https://evil.example' });
		expect(refusal.status).toBe(403);
		expect(refusal.body).toContain('https://evil.example');
	});

	test('an upgrade of its own page and of an allowed page is welcome', async () => {
		expect(await (await connect({ origin: `http://127.0.0.1:${port}` })).next()).toBe('null');
		expect(await (await connect({ origin: 'https://app.example' })).next()).toBe('null');
	});

	test('an upgrade sets the cookies that authorize asks for', async () => {
		const client = await connect();
		expect(client.headers['set-cookie']).toEqual(['session=new; HttpOnly', 'other=1']);
	});

	test('a connection that the server refuses as it opens is closed once', async () => {
		const client = await connect({ headers: { cookie: 'closed at once' } });
		expect(await client.closed).toEqual({ code: 4401, reason: 'UNAUTHORIZED' });
		await expect.poll(() => ends).toEqual(['closed 4401']);
	});

	test('a message of up to twice the limit reaches the server, a larger one ends the connection', async () => {
		const client = await connect();
		await client.next();
		client.send('x'.repeat(2_000));
		expect(await client.next()).toBe('2000');
		client.send('x'.repeat(2_001));
		expect([1006, 1009]).toContain((await client.closed).code);
	});

	test.each(name === 'uws' ? [CLOSED_WHEN_FULL] : [HELD_UP])(
		'a peer that sends on while it is not read $end',
		async (flood) => {
			await expect(flood.run(connect)).resolves.toBeUndefined();
		}
	);
}

type Connect = () => Promise<WsClient>;

/** Where a server cannot stop reading. */
const CLOSED_WHEN_FULL = {
	end: 'is closed with TOO_MANY',
	async run(connect: Connect): Promise<void> {
		const client = await connect();
		client.send('pause');
		for (let sent = 0; sent < 1_200; sent++) client.send('x'.repeat(1_000));
		expect(await client.closed).toEqual({ code: 4429, reason: 'TOO_MANY' });
	}
};

const HELD_UP = {
	end: 'has to wait',
	async run(connect: Connect): Promise<void> {
		const [client, other] = [await connect(), await connect()];
		client.send('pause');
		for (let sent = 0; sent < FLOOD_MESSAGES; sent++) client.send('x'.repeat(1_000));
		// In as many passes the server would have read it all.
		for (let pass = 0; pass < FLOOD_MESSAGES / 200; pass++) {
			other.send('pass');
			await other.next();
		}
		expect(client.unsentBytes).toBeGreaterThan(FLOOD_MESSAGES * 500);
		client.vanish();
	}
};
