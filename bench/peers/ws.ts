// Plain `ws`: a Map of topics, the event encoded once, `send` for each subscriber. `node bench/peers/ws.ts PORT`.

import { WebSocketServer, type WebSocket } from 'ws';
import { rowsOf } from '../lib/payload.ts';

type Message = [kind: string, id: number, first: unknown, second?: unknown];

const topics = new Map<unknown, Set<WebSocket>>();

function subscribe(socket: WebSocket, topic: unknown): void {
	const subscribers = topics.get(topic) ?? new Set();
	topics.set(topic, subscribers.add(socket));
}

function forget(socket: WebSocket): void {
	for (const subscribers of topics.values()) subscribers.delete(socket);
}

function publish(topic: unknown, value: unknown): void {
	const text = JSON.stringify(['event', topic, value]);
	for (const subscriber of topics.get(topic) ?? []) subscriber.send(text);
}

function answer(socket: WebSocket, [kind, id, first, second]: Message): void {
	if (kind === 'subscribe') subscribe(socket, first);
	if (kind === 'publish') publish(first, second);
	const value = kind === 'rows' ? rowsOf(Number(first)) : kind === 'call' ? first : null;
	socket.send(JSON.stringify(kind === 'subscribe' ? ['subscribed', id] : ['result', id, value]));
}

const port = Number(process.argv[2]);
const server = new WebSocketServer({ port, host: '127.0.0.1', backlog: 4096, perMessageDeflate: false }, () =>
	console.log('ready')
);
server.on('connection', (socket) => {
	socket.on('error', () => {});
	socket.on('close', () => forget(socket));
	socket.on('message', (data: Buffer) => answer(socket, JSON.parse(data.toString()) as Message));
});
process.on('SIGTERM', () => process.exit(0));
