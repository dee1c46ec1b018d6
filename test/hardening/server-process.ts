// A server in a process of its own, as an application runs one. Its parent asks over IPC what it wants to know.
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { memory } from '../../src/backplanes/memory/memory.ts';
import { LiveServer } from '../../src/server/server.ts';
import type { Session } from '../../src/server/session.ts';
import { attach } from '../../src/transports/node/attach.ts';
import { beforeClose } from '../../src/transports/node/before-close.ts';
import { modules } from './live-modules.ts';
import type { Command, Publish, ServerSettings, Stats } from './protocol.ts';

const settings = JSON.parse(process.argv[2] ?? '{}') as ServerSettings;

const server = new LiveServer({
	backplane: memory({ events: settings.history ?? 4_096, characters: 64 * 1024 * 1024 }),
	limits: { connectionsPerUser: 10_000, ...settings.limits },
	onError: (path, error) => void process.stderr.write(`reported: ${path}: ${String(error)}\n`)
});
for (const [id, exports] of Object.entries(modules)) server.registry.register(id, exports);
await server.start();

// A slow sender of headers is the HTTP server's own concern.
const http = createServer(
	{ headersTimeout: 700, requestTimeout: 1_000, connectionsCheckingInterval: 100 },
	(_request, response) => response.end('page')
);
attach<Session>(http, {
	server,
	authorize: ({ headers }) => ({ session: sessionOf(headers.cookie) }),
	closeTimeoutMs: 500
});
http.listen(0, '127.0.0.1');
await once(http, 'listening');
process.send?.({ port: (http.address() as AddressInfo).port });

// As adapter-node does on SIGTERM: close the HTTP server, and end when nothing is left.
beforeClose(http, async () => {
	await server.drain(3_000);
	await server.stop();
});
process.once('SIGTERM', () => {
	process.disconnect();
	http.close();
	http.closeIdleConnections();
});

function sessionOf(cookie: string | undefined): Session | null {
	const name = /^user=(\w+)$/.exec(cookie ?? '')?.[1];
	return name === undefined ? null : { user: { id: name } };
}

process.on('message', (command: Command) => {
	if (command.kind === 'stats') process.send?.(stats());
	else void publish(command);
});

let peak = 0;
function notePeak(): number {
	for (const { queuedBytes } of server.connections) peak = Math.max(peak, queuedBytes);
	return peak;
}

function stats(): Stats {
	globalThis.gc?.();
	const queued = [...server.connections].map(({ queuedBytes }) => queuedBytes);
	const { rss, heapUsed, external } = process.memoryUsage();
	const peakQueued = notePeak();
	peak = 0;
	return { queued, peakQueued, rss, held: heapUsed + external };
}

/** Publishes events at an even pace, stamped with the time on the clock that all processes share. */
async function publish({ topic, count, bytes, everyMs }: Publish): Promise<void> {
	const padding = 'x'.repeat(bytes);
	const started = performance.now();
	for (let index = 0; index < count; index++) {
		const waitMs = started + index * everyMs - performance.now();
		if (waitMs > 0) await new Promise((resolve) => setTimeout(resolve, waitMs));
		await server.publisher.publish(topic, 'created', { at: performance.timeOrigin + performance.now(), padding });
		if (index % 8 === 0) notePeak();
	}
	process.send?.({ published: count });
}
