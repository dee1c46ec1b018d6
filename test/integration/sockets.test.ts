// Raw sockets where the app's server is found by its first request (SvelteKit 2), and in several workers, of which the one that an
// upgrade reaches is seldom the one that made its address.
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Fixture, type RunningApp } from '../support/fixture.ts';
import { connectRaw, type WsClient } from '../support/ws-client.ts';

const SOCKETS = `
	import { WebSocketEndpointController } from 'tidewire/sockets';
	export const sockets = new WebSocketEndpointController();
	sockets.continuous('/echo/[name]', {
		connect: (socket) => socket.send(socket.params.name),
		message: (socket, data) => socket.send(data)
	});
`;
const ADDRESS = `
	import { sockets } from '../../lib/server/sockets.ts';
	export const GET = async (event) => new Response(await sockets.use(event, (socket) => {
		socket.send(String(process.pid));
		socket.addEventListener('message', ({ data }) => socket.send(data === 'where' ? socket.remoteAddress : data));
	}));
`;
const files = { 'src/lib/server/sockets.ts': SOCKETS, 'src/routes/address/+server.ts': ADDRESS };

async function fixtureOf(name: 'kit2' | 'kit3'): Promise<Fixture> {
	const fixture = new Fixture(name, { without: ['src/routes/awaited'], files });
	fixture.edit(
		'src/hooks.server.ts',
		"from 'tidewire/kit';",
		"from 'tidewire/kit';\nimport './lib/server/sockets.ts';"
	);
	await fixture.build();
	return fixture;
}

const addressOf = async (app: RunningApp, user = 'ada'): Promise<string> =>
	(await fetch(`${app.url}/address`, { headers: { cookie: `user=${user}` } })).text();
const connect = (app: RunningApp, path: string, user = 'ada'): Promise<WsClient> =>
	connectRaw(app.url.replace('http', 'ws') + path, { headers: { cookie: `user=${user}` } });

describe('with SvelteKit 2', () => {
	let fixture: Fixture;
	beforeAll(async () => {
		fixture = await fixtureOf('kit2');
	});
	afterAll(() => fixture?.[Symbol.asyncDispose]());

	test('an upgrade that comes before any page is asked to come again, and then is let in', async () => {
		const app = await fixture.start();
		await expect(connect(app, '/echo/first')).rejects.toMatchObject({ status: 503 });
		const client = await connect(app, '/echo/second');
		expect(await client.next()).toBe('second');
		const once = await connect(app, await addressOf(app));
		expect(await once.next()).toBe(String(app.child.pid));
	});
});

describe('in three workers', () => {
	let fixture: Fixture;
	let app: RunningApp;
	beforeAll(async () => {
		fixture = await fixtureOf('kit3');
		app = await fixture.workers(['build', '--workers', '3']);
	});
	afterAll(() => fixture?.[Symbol.asyncDispose]());

	test('every address works, whichever worker its upgrade reaches, for its session and once', async () => {
		const addresses = await Promise.all(Array.from({ length: 12 }, () => addressOf(app)));
		expect(new Set(addresses.map((address) => address.split('.')[0])).size).toBeGreaterThan(1);
		for (const address of addresses) {
			expect((await (await connect(app, address, 'bob')).closed).code).toBe(4403);
			const client = await connect(app, address);
			await client.next();
			client.send('where');
			expect(await client.next()).toMatch(/127\.0\.0\.1$|^::1$/);
			client.send(new Uint8Array(60_000).fill(7));
			expect(await client.next()).toEqual(new Uint8Array(60_000).fill(7));
			expect((await (await connect(app, address)).closed).code).toBe(4404);
			client.close(1000, '');
			await client.closed;
		}
	});

	test('a socket ends with the worker that has its handler, and its other addresses say so', async () => {
		const address = await addressOf(app);
		const client = await connect(app, address);
		const pid = Number(await client.next());
		const lost = address.replace(/\.[^.]+\.[^.]+$/, '.x.y');
		process.kill(pid, 'SIGKILL');
		expect((await client.closed).code).toBe(1006);
		await app.printed(new RegExp(`worker ${pid} was ended by SIGKILL`));
		await expect.poll(async () => (await (await connect(app, lost)).closed).code).toBe(4503);
	});

	test('a shutdown says goodbye through the others', async () => {
		const clients = await Promise.all(Array.from({ length: 9 }, async () => connect(app, await addressOf(app))));
		await Promise.all(clients.map((client) => client.next()));
		const { code } = await app.stop();
		expect(code, app.output()).toBe(0);
		expect(new Set((await Promise.all(clients.map(({ closed }) => closed))).map(({ code }) => code))).toEqual(
			new Set([1001])
		);
	});
});
