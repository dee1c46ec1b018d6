// crossws on Node with its own publish and subscribe. `node bench/peers/crossws.ts PORT`.

import { createServer } from 'node:http';
import crossws from 'crossws/adapters/node';

type Message = [kind: string, id: number, first: unknown, second?: unknown];

const adapter = crossws({
	hooks: {
		message(peer, message) {
			const [kind, id, first, second] = message.json<Message>();
			if (kind === 'subscribe') {
				peer.subscribe(String(first));
				peer.send(JSON.stringify(['subscribed', id]));
				return;
			}
			if (kind === 'publish') peer.publish(String(first), JSON.stringify(['event', first, second]));
			peer.send(JSON.stringify(['result', id, kind === 'call' ? first : null]));
		}
	}
});

const http = createServer();
http.on('upgrade', (request, socket, head) => void adapter.handleUpgrade(request, socket, head));
http.listen(Number(process.argv[2]), '127.0.0.1', 4096, () => console.log('ready'));
process.on('SIGTERM', () => process.exit(0));
