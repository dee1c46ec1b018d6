// A user is revoked on one process while another one sends 100 events a second: after a second nothing comes any more, in
// the middle of the stream, and everybody else goes on. TIDEWIRE_RUNS says how often it is tried.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { Client } from '../../src/client/client.ts';
import { socketsOf } from './client.ts';
import { Database } from './database.ts';
import { CLIENT_TIMES, REVOKED_WITHIN_MS } from './limits.ts';
import type { BackplaneKind } from './messages.ts';
import { endSpares, Server } from './server.ts';
import { startService } from './services.ts';
import { CHOSEN } from './settings.ts';

const RUNS = Number(process.env['TIDEWIRE_RUNS'] || 1);
const EVERY_MS = 10;
const WATCHED_MS = REVOKED_WITHIN_MS + 500;

/** A user's client that reads the feed, and when its events came. */
class Reader {
	readonly client: Client;
	readonly timesMs: number[] = [];

	constructor(url: string, user: string) {
		this.client = new Client({
			...CLIENT_TIMES,
			url: () => url,
			WebSocket: socketsOf(user),
			onApply: ({ change }) => change.kind === 'event' && this.timesMs.push(performance.now())
		});
		this.client.stream('app/feed', []).onChange(() => {});
	}

	/** How many events came from one moment on, before another one. */
	between(fromMs: number, toMs: number): number {
		return this.timesMs.filter((timeMs) => fromMs <= timeMs && timeMs < toMs).length;
	}
}

it.each(CHOSEN)(
	`on %s a revoked user's stream of 100 events/s from another process ends within ${REVOKED_WITHIN_MS} ms, ${RUNS} times`,
	{ timeout: 60_000 + 10_000 * RUNS },
	async (backplane) => {
		await using service = await startService(backplane);
		const folder = mkdtempSync(join(tmpdir(), 'tidewire-torture-'));
		using database = new Database(join(folder, 'app.db'));
		const servers: Server[] = [];
		const readers: Reader[] = [];
		const start = async (name: string): Promise<Server> => {
			const server = await startServer(name, { backplane, port: service.port, folder });
			servers.push(server);
			return server;
		};
		const read = (server: Server, user: string): Reader => {
			const reader = new Reader(server.url, user);
			readers.push(reader);
			return reader;
		};
		let calls = 0;
		let publishing: NodeJS.Timeout | undefined;
		try {
			const [one, other] = [await start('p0'), await start('p1')];
			const [publisher, witness] = [read(one, 'publisher'), read(other, 'witness')];
			const say = (): void => void publisher.client.call('app/say', [`c${calls++}`]).catch(() => {});
			publishing = setInterval(say, EVERY_MS);
			const lasted: number[] = [];
			for (let run = 0; run < RUNS; run++) {
				const user = `user${run}`;
				const reader = read(other, user);
				await expect.poll(() => reader.timesMs.length, { timeout: 20_000 }).toBeGreaterThan(50);
				database.deny(user, 'connect');
				const revokedMs = performance.now();
				await one.ask({ kind: 'revoke', user });
				await delay(WATCHED_MS);
				const [early, late] = [revokedMs - 500, revokedMs + REVOKED_WITHIN_MS];
				// A loaded machine sends fewer than 100 events in a second: what counts is that others still hear them.
				expect(reader.between(early, revokedMs)).toBeGreaterThan(0);
				expect(reader.between(late, Infinity)).toBe(0);
				expect(reader.client.status.state).toBe('refused');
				expect(witness.between(late, Infinity)).toBeGreaterThan(0);
				lasted.push(Math.max(0, reader.timesMs.at(-1)! - revokedMs));
			}
			process.stdout.write(
				`${backplane}: the last event came ${Math.max(...lasted).toFixed(0)} ms later at most\n`
			);
		} finally {
			clearInterval(publishing);
			for (const { client } of readers) client.close();
			await Promise.all(servers.map((server) => server.kill()));
			endSpares();
			rmSync(folder, { recursive: true, force: true });
		}
	}
);

async function startServer(
	name: string,
	{ backplane, port, folder }: { backplane: BackplaneKind; port: number; folder: string }
): Promise<Server> {
	const own = { name, backplane, port, space: 'revoke', database: join(folder, 'app.db') };
	const reported = (text: string): void => void process.stderr.write(`${text}\n`);
	return await Server.start({ ...own, events: 10_000, defect: null }, { appended: () => {}, reported });
}
