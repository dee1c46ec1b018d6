import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import { connect, type AddressInfo, type Socket } from 'node:net';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { memory } from '../../backplanes/memory/memory.ts';
import { runtime } from '../../server/runtime.ts';
import { LiveServer } from '../../server/server.ts';
import { SocketForward } from './socket-forward.ts';

const REQUEST =
	'GET /x?y=1 HTTP/1.1\r\nHost: app\r\nTidewire-Peer-Address: 203.0.113.7\r\nCookie: user=ada\r\nX-A: 1\r\n' +
	'Connection: Upgrade\r\nUpgrade: websocket\r\n\r\n';

let live: LiveServer;
/** Where upgrades come that were handed on. */
let home: Server;
/** Where they come first. */
let front: Server;
let forward: SocketForward;
let sent: boolean[];
beforeEach(async () => {
	const backplane = memory();
	// One without a recipe is for several processes.
	Object.defineProperty(backplane, 'recipe', { value: undefined });
	live = new LiveServer({ backplane });
	await live.start();
	runtime().begin(live);
	[home, front, sent] = [createServer(), createServer(), []];
	forward = new SocketForward(home);
	front.listen(0, '127.0.0.1');
	await once(front, 'listening');
});
afterEach(async () => {
	front.closeAllConnections();
	front.close();
	await forward.close();
	await live.stop();
	runtime().server = null;
});

/** Asks for an upgrade, which is handed on to a process. */
function upgrade(process: string, body = ''): Socket {
	front.once('upgrade', (request, socket, head) => {
		void forward.send(process, request, { socket, head }).then((isSent) => {
			sent.push(isSent);
			if (!isSent) socket.destroy();
		});
	});
	const client = connect((front.address() as AddressInfo).port, '127.0.0.1');
	client.write(REQUEST + body);
	return client.setEncoding('utf8');
}

test('an upgrade arrives as it was sent, and bytes go both ways until one side ends', async () => {
	await forward.open();
	home.on('upgrade', ({ url, headers }, socket, head) => {
		socket.write(`${url} ${headers.cookie} ${head.toString()};`);
		socket.on('data', (chunk: Buffer) => (chunk.toString() === 'end' ? socket.end() : socket.write(chunk)));
	});
	const client = upgrade(live.processId, 'early');
	const [first] = (await once(client, 'data')) as [string];
	expect(first).toMatch(/^\/x\?y=1 user=ada /);
	client.write('more');
	let heard = first;
	while (!heard.endsWith('more')) heard += String((await once(client, 'data'))[0]);
	expect(heard).toContain('early');
	client.write('end');
	await once(client, 'close');
	expect(sent).toEqual([true]);
});

test('the address of the peer goes with it, and nothing else that says it does', async () => {
	await forward.open();
	home.on('upgrade', ({ headers, rawHeaders, socket: { remoteAddress } }, socket) =>
		socket.end(JSON.stringify({ remoteAddress, headers, rawHeaders }))
	);
	const [said] = (await once(upgrade(live.processId), 'data')) as [string];
	expect(JSON.parse(said)).toEqual({
		remoteAddress: '127.0.0.1',
		headers: { host: 'app', cookie: 'user=ada', connection: 'Upgrade', upgrade: 'websocket', 'x-a': '1' },
		rawHeaders: expect.not.arrayContaining([expect.stringMatching(/address/i)]) as unknown
	});
});

test('a process that is unknown, or whose door nobody opens, is sent nothing', async () => {
	await once(upgrade('unknown'), 'close');
	await live.host.process.holdings.enter('socket doors', 'door', '/nowhere/tidewire.sock');
	await once(upgrade(live.processId), 'close');
	expect(sent).toEqual([false, false]);
});

test('what is handed on ends with the process, after a second for goodbyes', async () => {
	await forward.open();
	const arrived = once(home, 'upgrade');
	const client = upgrade(live.processId);
	await arrived;
	await forward.close();
	await once(client, 'close');
	await once(upgrade(live.processId), 'close');
	expect(sent).toEqual([true, false]);
});

test('a process that is alone opens no door', async () => {
	Object.defineProperty(live.host.backplane, 'recipe', { value: { kind: 'memory', args: [] } });
	await forward.open();
	expect(await live.host.process.holdings.entries('socket doors')).toEqual([]);
});
