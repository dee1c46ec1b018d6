// A group of healthy readers in a process of their own, on bare connections. Tells how long events take to arrive.
import { connect } from 'node:net';
import { Messages } from './reader-messages.ts';
import type { Latencies, LatenciesOf, ReaderSettings } from './protocol.ts';

const { url, readers } = JSON.parse(process.argv[2] ?? '{}') as ReaderSettings;
const port = Number(new URL(url.replace(/^ws/, 'http')).port);

let latencies: number[] = [];
let gaps = 0;
/** How many events the question waits for; none where nothing was asked. */
let awaited = Infinity;

const offsets: number[] = [];
await Promise.all(Array.from({ length: readers }, (_, index) => read(index)));
process.send?.('ready');

process.on('message', ({ events }: LatenciesOf) => {
	awaited = events;
	answer();
});

/** After a gap they are not waited for: some would never come. */
function answer(): void {
	if (latencies.length < awaited && (gaps === 0 || awaited === Infinity)) return;
	process.send?.(report());
	latencies = [];
	gaps = 0;
	awaited = Infinity;
}

function report(): Latencies {
	const sorted = Float64Array.from(latencies).toSorted();
	const at = (part: number): number => sorted[Math.floor(sorted.length * part)] ?? NaN;
	return { count: sorted.length, p50: at(0.5), p99: at(0.99), gaps };
}

/** Subscribes, and resolves when the snapshot is there. */
async function read(index: number): Promise<void> {
	const socket = connect(port, '127.0.0.1');
	const { promise, resolve } = Promise.withResolvers<void>();
	const text = new Messages(socket);
	text.onMessage = (message) => {
		if (message.startsWith('["snapshot"')) resolve();
		else if (message.startsWith('["heartbeat"')) socket.write(masked(`["pong",${/\d+/.exec(message)?.[0] ?? 0}]`));
		else if (message.startsWith('["event"')) hear(index, message);
		else if (!message.startsWith('["welcome"')) gaps++; // a reset, an error or a goodbye
	};
	socket.write(upgradeOf(`reader${index}`));
	await text.upgraded;
	socket.write(masked('["hello",1]\n["subscribe",1,"lib/load/events",null,[]]'));
	await promise;
}

/** `["event",1,offset,"created",{"at":…` is taken apart by hand: parsing 2 KiB for each would measure JSON. */
function hear(index: number, message: string): void {
	const now = performance.timeOrigin + performance.now();
	const fields = /^\["event",\d+,(\d+),"created",\{"at":([\d.]+)/.exec(message);
	const offset = Number(fields?.[1]);
	if (offsets[index] !== undefined && offset !== offsets[index] + 1) gaps++;
	offsets[index] = offset;
	latencies.push(now - Number(fields?.[2]));
	answer();
}

function upgradeOf(user: string): string {
	return (
		'GET /__live HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n' +
		`Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nCookie: user=${user}\r\n\r\n`
	);
}

function masked(text: string): Buffer {
	const body = Buffer.from(text);
	if (body.length > 125) throw new Error('a reader says little');
	return Buffer.concat([Buffer.from([0x81, 0x80 | body.length, 0, 0, 0, 0]), body]);
}
