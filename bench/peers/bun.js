// Bun.serve with its native publish. `bun bench/peers/bun.js PORT`.

/* global Bun */
const server = Bun.serve({
	port: Number(process.argv[2]),
	hostname: '127.0.0.1',
	fetch: (request, server) => (server.upgrade(request) ? undefined : new Response('no WebSocket', { status: 400 })),
	websocket: {
		perMessageDeflate: false,
		message(socket, text) {
			const [kind, id, first, second] = JSON.parse(text);
			if (kind === 'subscribe') {
				socket.subscribe(first);
				socket.send(JSON.stringify(['subscribed', id]));
				return;
			}
			if (kind === 'publish') server.publish(first, JSON.stringify(['event', first, second]));
			socket.send(JSON.stringify(['result', id, kind === 'call' ? first : null]));
		}
	}
});
console.log('ready');
