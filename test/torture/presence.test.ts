// A process is killed while people are present by way of it: ten seconds later it has left no ghost, no cursor and no place
// taken, and whoever came back, or has another tab, was never away. TIDEWIRE_RUNS says how often it is tried.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { Client } from '../../src/client/client.ts';
import type { ClientStream } from '../../src/client/stream.ts';
import { socketsOf } from './client.ts';
import { CLIENT_TIMES } from './limits.ts';
import type { BackplaneKind } from './messages.ts';
import { endSpares, Server } from './server.ts';
import { startService } from './services.ts';
import { CHOSEN } from './settings.ts';

const RUNS = Number(process.env['TIDEWIRE_RUNS'] || 1);
/** What is promised. */
const GONE_WITHIN_MS = 10_000;
const LEFT_WITHIN_MS = 1_000;

/** A user's client that reads who is there and where they point. */
class Visitor {
	readonly client: Client;
	/** What happened to the list, as `join ada`. */
	readonly events: string[] = [];
	readonly #people: ClientStream;
	readonly #places: ClientStream;
	readonly #leave: () => void;

	constructor(url: () => string, user: string) {
		this.client = new Client({
			...CLIENT_TIMES,
			lingerMs: 0,
			url,
			WebSocket: socketsOf(user),
			onApply: ({ path, change }) => {
				if (path !== 'app/people' || change.kind !== 'event') return;
				this.events.push(`${change.event} ${(change.data as { key: string }).key}`);
			}
		});
		this.#people = this.client.stream('app/people', []);
		this.#places = this.client.stream('app/places', []);
		this.#leave = this.#people.onChange(() => {});
		this.#places.onChange(() => {});
	}

	get people(): string[] {
		return keysOf(this.#people);
	}

	get places(): string[] {
		return keysOf(this.#places);
	}

	/** Whether everything is read. */
	get isThere(): boolean {
		return this.#people.state.connected && this.#places.state.connected;
	}

	sit(): Promise<unknown> {
		return this.client.call('app/sit', []);
	}

	point(): Promise<unknown> {
		return this.client.call('app/places/move', [{ x: 1, y: 1 }]);
	}

	/** Reads no more who is there. */
	leave(): void {
		this.#leave();
	}
}

const keysOf = ({ state }: ClientStream): string[] =>
	((state.value ?? []) as { key: string }[]).map(({ key }) => key).toSorted();

/** How long it takes until something holds. */
async function until(holds: () => unknown, withinMs = 20_000): Promise<number> {
	const sinceMs = performance.now();
	await expect.poll(holds, { timeout: withinMs, interval: 20 }).toBeTruthy();
	return performance.now() - sinceMs;
}

it.concurrent.each(CHOSEN)(
	`on %s no ghost is left ${GONE_WITHIN_MS} ms after a process was killed, and nobody flickers, ${RUNS} times`,
	{ timeout: 60_000 + 60_000 * RUNS },
	async (backplane) => {
		await using service = await startService(backplane);
		const folder = mkdtempSync(join(tmpdir(), 'tidewire-torture-'));
		const at = { backplane, port: service.port, folder };
		const servers = [await startServer('p0', at), await startServer('p1', at)] as [Server, Server];
		const visitors: Visitor[] = [];
		const visit = async (url: () => string, user: string): Promise<Visitor> => {
			const visitor = new Visitor(url, user);
			visitors.push(visitor);
			await until(() => visitor.isThere);
			return visitor;
		};
		const figures: Record<string, number>[] = [];
		try {
			const watching = [await visit(() => servers[0].url, 'bob'), await visit(() => servers[1].url, 'cy')];
			for (let run = 0; run < RUNS; run++) {
				const victim = await startServer(`victim${run}`, at);
				servers.push(victim);
				figures.push(await killOnce({ run, victim, survivors: servers, watching, visit }));
			}
			for (const figure of figures) expectPromises(figure);
			process.stdout.write(`${backplane}: ${JSON.stringify(figures)}\n`);
		} finally {
			for (const { client } of visitors) client.close();
			await Promise.all(servers.map((server) => server.kill()));
			endSpares();
			rmSync(folder, { recursive: true, force: true });
		}
	}
);

function expectPromises(figure: Record<string, number>): void {
	expect(figure['people']).toBeLessThanOrEqual(GONE_WITHIN_MS);
	expect(figure['places']).toBeLessThanOrEqual(GONE_WITHIN_MS);
	expect(figure['seat']).toBeLessThanOrEqual(GONE_WITHIN_MS);
	expect(figure['left']).toBeLessThanOrEqual(LEFT_WITHIN_MS);
}

interface Scene {
	run: number;
	victim: Server;
	survivors: readonly [Server, Server, ...Server[]];
	watching: readonly Visitor[];
	visit: (url: () => string, user: string) => Promise<Visitor>;
}

async function killOnce({ run, victim, survivors, watching, visit }: Scene): Promise<Record<string, number>> {
	const [ghostName, backName, twinName] = [`ghost${run}`, `back${run}`, `twin${run}`];
	const [ghost, back, twin] = [
		await visit(() => victim.url, ghostName),
		await visit(() => (victim.isRunning ? victim.url : survivors[0].url), backName),
		await visit(() => victim.url, twinName)
	];
	const otherTab = await visit(() => survivors[1].url, twinName);
	await ghost.point();
	expect(await ghost.sit()).toBe(true);
	expect(await watching[0]!.sit()).toBe(false);
	const names = [ghostName, backName, twinName];
	const sees = (watcher: Visitor): boolean =>
		names.every((name) => watcher.people.includes(name)) && watcher.places.includes(ghostName);
	await until(() => watching.every(sees));
	const before = watching.map(({ events }) => events.length);
	await victim.kill();
	ghost.client.close();
	twin.client.close();
	back.client.reconnect();
	const [people, places, seat] = await Promise.all([
		until(() => watching.every((watcher) => !watcher.people.includes(ghostName))),
		until(() => watching.every((watcher) => !watcher.places.includes(ghostName))),
		until(() => back.sit())
	]);
	const happened = watching.flatMap(({ events }, index) => events.slice(before[index]));
	expect(happened).toEqual([`leave ${ghostName}`, `leave ${ghostName}`]);
	otherTab.leave();
	const left = await until(() => watching.every((watcher) => !watcher.people.includes(twinName)));
	for (const { client } of [back, otherTab]) client.close();
	await until(() => watching.every((watcher) => !watcher.people.includes(backName)));
	return { people, places, seat, left };
}

async function startServer(
	name: string,
	{ backplane, port, folder }: { backplane: BackplaneKind; port: number; folder: string }
): Promise<Server> {
	const own = { name, backplane, port, space: 'presence', database: join(folder, 'app.db') };
	const reported = (text: string): void => void process.stderr.write(`${text}\n`);
	return await Server.start({ ...own, events: 10_000, defect: null }, { appended: () => {}, reported });
}
