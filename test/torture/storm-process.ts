// Many clients in one process, with the timing that browsers have. It says when all of them are there, when it knows of new
// weather, and, when everybody is back whose server was not in it any more, how they came back.

import { Client } from '../../src/client/client.ts';
import { socketsOf } from './client.ts';
import type { Return, StormWeather } from './messages.ts';

const count = Number(process.argv[2]);
let { urls } = JSON.parse(process.argv[3] ?? '{}') as StormWeather;
let next = 0;
/** Where each of them went last, when, and for which time since it was there. */
const attempts = Array.from({ length: count }, () => ({ url: '', sinceMs: 0, count: 0 }));
const there = new Set<number>();
/** Those whose server is to be killed. */
let leaving = new Set<number>();
const returns: Return[] = [];

function pickUrl(index: number): string {
	// What balances the load knows of a server that is gone.
	const url = urls[next++ % urls.length]!;
	attempts[index] = { url, sinceMs: Date.now(), count: attempts[index]!.count + 1 };
	return url;
}

function arrived(index: number): void {
	const attempt = attempts[index]!;
	const atMs = Date.now();
	if (leaving.delete(index)) {
		returns.push({ atMs, connectingMs: atMs - attempt.sinceMs, attempts: attempt.count });
		if (leaving.size === 0) process.send?.(returns);
	}
	attempt.count = 0;
	if (there.size < count && there.add(index).size === count) process.send?.('ready');
}

const clients = attempts.map((_, index) => {
	const client = new Client({ url: () => pickUrl(index), WebSocket: socketsOf(`user${index}`) });
	const stream = client.stream('app/blue', []);
	stream.onChange(() => {
		if (stream.state.connected && attempts[index]!.count > 0) arrived(index);
	});
	return client;
});

process.on('message', (weather: StormWeather) => {
	urls = weather.urls;
	leaving = new Set([...attempts.keys()].filter((index) => !urls.includes(attempts[index]!.url)));
	process.send?.('known');
});

process.on('disconnect', () => {
	for (const client of clients) client.close();
	process.exit(0);
});
