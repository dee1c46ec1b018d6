// The server under test on a transport that is not the default: `PROGRAM bench/transport.js bun|uws|node PORT`, with the
// frames of server.ts. Plain JavaScript and the built package, because the Node that loads uWebSockets.js strips no types.

/* global Bun, console, process, Response */
import { createServer } from 'node:http';
import { memory } from '../dist/backplanes/memory/memory.js';
import { live, LiveServer } from '../dist/live/index.js';

// Node 20 has none.
Promise.withResolvers ??= function () {
	let resolve, reject;
	const promise = new this((...both) => ([resolve, reject] = both));
	return { promise, resolve, reject };
};

const feed = live.stream(
	(_, topic) => ['feed', topic],
	() => [],
	{ merge: 'latest' }
);
const echo = live((_, value) => value);
const publish = live((context, topic, value) => {
	context.publish(feed.topic(topic), 'created', value);
});

const server = new LiveServer({ backplane: memory() });
server.registry.register('bench', { echo, publish, feed });
await server.start();

const [name, port] = [process.argv[2], Number(process.argv[3])];
const options = { server, authorize: () => ({ session: { user: null } }) };
const ready = () => console.log('ready');

const transports = {
	async bun() {
		const { bunSockets } = await import('../dist/transports/bun/index.js');
		const sockets = bunSockets(options);
		const page = () => new Response('page');
		const fetch = (request, bun) => sockets.fetch(request, bun, page);
		Bun.serve({ port, hostname: '127.0.0.1', fetch, websocket: sockets.websocket });
		ready();
	},
	async uws() {
		const { attach } = await import('../dist/transports/uws/index.js');
		const { createRequire } = await import('node:module');
		const uws = createRequire(new URL('uws/package.json', import.meta.url))('uwebsockets');
		const app = uws.App();
		attach(app, options);
		app.listen('127.0.0.1', port, ready);
	},
	async node() {
		const { attach } = await import('../dist/transports/node/index.js');
		const http = createServer();
		attach(http, options);
		http.listen(port, '127.0.0.1', 4096, ready);
	}
};
await transports[name]();
process.on('SIGTERM', () => process.exit(0));
