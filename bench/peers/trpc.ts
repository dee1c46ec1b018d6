// tRPC over its `ws` adapter: a mutation, and a subscription that yields what an event emitter brings.
// `node bench/peers/trpc.ts PORT`.

import { EventEmitter, on } from 'node:events';
import { initTRPC } from '@trpc/server';
import { applyWSSHandler } from '@trpc/server/adapters/ws';
import { WebSocketServer } from 'ws';

const t = initTRPC.create();
const events = new EventEmitter().setMaxListeners(0);
const anything = (input: unknown): unknown => input;

const router = t.router({
	echo: t.procedure.input(anything).mutation(({ input }) => input),
	publish: t.procedure
		.input((input) => input as [topic: string, value: unknown])
		.mutation(({ input: [topic, value] }) => void events.emit(topic, value)),
	feed: t.procedure
		.input((input) => input as string)
		.subscription(async function* ({ input, signal }) {
			for await (const [value] of on(events, input, signal ? { signal } : {})) yield value as unknown;
		})
});

const port = Number(process.argv[2]);
const server = new WebSocketServer({ port, host: '127.0.0.1', backlog: 4096, perMessageDeflate: false }, () =>
	console.log('ready')
);
applyWSSHandler({ wss: server, router });
process.on('SIGTERM', () => process.exit(0));
