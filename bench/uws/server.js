// uWebSockets.js with its native publish. `node bench/uws/server.js PORT`, on a Node that the binary loads on.

import uws from 'uwebsockets';

const app = uws.App();
app.ws('/*', {
	compression: 0,
	maxPayloadLength: 65536,
	message(socket, bytes) {
		const [kind, id, first, second] = JSON.parse(Buffer.from(bytes).toString());
		if (kind === 'subscribe') {
			socket.subscribe(first);
			socket.send(JSON.stringify(['subscribed', id]));
			return;
		}
		if (kind === 'publish') app.publish(first, JSON.stringify(['event', first, second]));
		socket.send(JSON.stringify(['result', id, kind === 'call' ? first : null]));
	}
});
app.listen('127.0.0.1', Number(process.argv[2]), (listening) => console.log(listening ? 'ready' : 'no port'));
