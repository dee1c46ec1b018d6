// Many clients in one process, with the timing that browsers have. It says when all of them are there, and how long those
// were away whose server was killed.

import { Client } from '../../src/client/client.ts';
import { socketsOf } from './client.ts';
import type { StormReport, StormWeather } from './messages.ts';

const count = Number(process.argv[2]);
let weather: StormWeather = JSON.parse(process.argv[3] ?? '{}') as StormWeather;
let next = 0;
/** Those that have lost their server and are not back. */
const away = new Set<number>();
const awayMs: number[] = [];
let missing = count;

// What balances the load knows of a server that is gone.
const pickUrl = (): string => weather.urls[next++ % weather.urls.length]!;

const clients = Array.from({ length: count }, (_, index) => {
	const client = new Client({
		url: pickUrl,
		WebSocket: socketsOf(`user${index}`),
		onDisconnect: () => away.add(index)
	});
	const stream = client.stream('app/blue', []);
	let isThere = false;
	stream.onChange(() => {
		if (!stream.state.connected) return;
		if (!isThere) missing--;
		else if (away.delete(index)) awayMs.push(Date.now() - weather.sinceMs);
		isThere = true;
		if (missing === 0 && awayMs.length === 0) process.send?.('ready');
	});
	return client;
});

process.on('message', (message: StormWeather | 'report') => {
	if (message !== 'report') {
		weather = message;
		return;
	}
	// Nobody is back before everybody is.
	process.send?.({ awayMs: away.size > 0 ? [] : awayMs } satisfies StormReport);
});

process.on('disconnect', () => {
	for (const client of clients) client.close();
	process.exit(0);
});
