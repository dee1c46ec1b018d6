// Socket.IO with its defaults, WebSocket only, rooms for topics. `node bench/peers/socket-io.ts PORT`.

import { createServer } from 'node:http';
import { Server } from 'socket.io';

type Ack = (value: unknown) => void;

const http = createServer();
const io = new Server(http, { transports: ['websocket'], serveClient: false });

io.on('connection', (socket) => {
	socket.on('echo', (value: unknown, ack: Ack) => ack(value));
	socket.on('subscribe', (topic: string, ack: Ack) => {
		void socket.join(topic);
		ack('subscribed');
	});
	socket.on('publish', (topic: string, value: unknown, ack: Ack) => {
		io.to(topic).emit('event', value);
		ack(null);
	});
});

http.listen(Number(process.argv[2]), '127.0.0.1', 4096, () => console.log('ready'));
process.on('SIGTERM', () => process.exit(0));
