// A PostgreSQL that is put back to an earlier state: what was lost was delivered to some, and nobody may go on as if it had
// never been, not even where the same numbers are given out again.
import { rmSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { systemClock, type Clock } from '../../src/base/clock.ts';
import { encodeTopic } from '../../src/protocol/topic.ts';
import type { Position } from '../../src/protocol/position.ts';
import { Apps, until, type App, type Follower } from '../support/postgres-apps.ts';
import { PostgresServer } from '../support/services/postgres.ts';

const TOPIC = encodeTopic(['board', 'one']);
/** How often a server is put back or emptied under running processes. */
const RUNS = Number(process.env['TIDEWIRE_RUNS'] ?? 3);
const RESET = { kind: 'reset', reason: 'epoch' };

const apps = new Apps();
let server: PostgresServer;
/** Of a role that may not see the server's files. */
let url: string;

beforeEach(async () => {
	server = await PostgresServer.start();
	await server.psql('CREATE ROLE app LOGIN; GRANT CREATE ON DATABASE postgres TO app');
	url = server.url().replace('postgres@', 'app@');
});
afterEach(async () => {
	await apps.endAll();
	await server[Symbol.asyncDispose]();
});

const append = (app: App, data: number): Promise<Position> => app.backplane.append(TOPIC, `"created",${data}`);
const isBack = (app: App): Promise<void> => until(() => app.statuses.at(-1)?.available !== false, 'it is back');
const isAway = (app: App): Promise<void> => until(() => app.statuses.at(-1)?.available === false, 'it is away');

/** Ends the server, does something, and starts it again, until all of them have it back. */
async function outage(end: 'stop' | 'kill', running: App[], run: () => void = () => {}): Promise<void> {
	const before = running.map(({ statuses }) => statuses.length);
	await server[end]();
	run();
	await server.start();
	for (const [index, { statuses }] of running.entries()) {
		await until(() => statuses.length > before[index]! + 1 && statuses.at(-1)?.available === true, 'it is back');
	}
}

/** A copy as a backup makes it, of a server that is stopped for it. */
async function copyStopped(...running: App[]): Promise<string> {
	let copy = '';
	await outage('stop', running, () => void (copy = server.copy()));
	return copy;
}

/** A copy as a snapshot of the disk is one: of a moment of a server that runs on. */
async function copyRunning(): Promise<string> {
	await server.freeze();
	const copy = server.copy();
	await server.thaw();
	return copy;
}

/** PostgreSQL tells the times of files in whole seconds: what is put back in the one in which it was made looks the same. */
async function putBack(copy: string, ...running: App[]): Promise<void> {
	const second = Math.floor(server.madeAtMs / 1_000);
	await until(() => Math.floor(Date.now() / 1_000) > second, 'the second is over in which its files were made');
	await outage('kill', running, () => server.restore(copy));
}

/** A clock whose timers do not ring until they are let go: a process that stands still once it has lost the server. */
function clockThatWaits(): { clock: Clock; wait: () => void; go: () => void } {
	let waiting: (() => void)[] | null = null;
	const setTimer: Clock['setTimer'] = (callback, ms) =>
		systemClock.setTimer(() => (waiting === null ? callback() : void waiting.push(callback)), ms);
	return {
		clock: Object.assign(Object.create(systemClock) as Clock, { setTimer }),
		wait: () => (waiting ??= []),
		go: () => {
			const held = waiting ?? [];
			waiting = null;
			for (const callback of held) callback();
		}
	};
}

describe('an older copy of the data that is put back', () => {
	it('resets whoever was away since before the copy, where a process knows what came after it', async () => {
		const one = await apps.start(url, [TOPIC]);
		const away = await append(one, 1);
		const copy = await copyStopped(one);
		const lost = await append(one, 2);
		await putBack(copy, one);
		await append(one, 3);
		expect(await one.backplane.read(TOPIC, away)).toEqual(RESET);
		expect(await one.backplane.read(TOPIC, lost)).toEqual(RESET);
	});

	it('is noticed by the last topic that was delivered, where the copy knows the run of the server', async () => {
		const one = await apps.start(url, [TOPIC]);
		const two = await apps.start(url);
		const away = await append(two, 1);
		const copy = await copyRunning();
		await append(two, 2);
		await until(() => one.seen().length === 2, 'it was delivered');
		await two.backplane.stop();
		await putBack(copy, one);
		await append(one, 3);
		expect(await one.backplane.read(TOPIC, away)).toEqual(RESET);
	});

	it('is noticed where others have published as many events before anybody looks', async () => {
		const { clock, wait, go } = clockThatWaits();
		const one = await apps.start(url, [TOPIC], { clock });
		const two = await apps.start(url);
		const away = await append(two, 1);
		const copy = await copyRunning();
		await append(two, 2);
		await until(() => one.seen().length === 2, 'it was delivered');
		await two.backplane.stop();
		wait();
		await server.kill();
		server.restore(copy);
		await server.start();
		await isAway(one);
		const three = await apps.start(url);
		await append(three, 3);
		await append(three, 4);
		go();
		await isBack(one);
		expect(await one.backplane.read(TOPIC, away)).toEqual(RESET);
	});

	it('is noticed by how far the disk was written, by a process that reads nothing', async () => {
		const one = await apps.start(url);
		const away = await append(one, 1);
		const copy = await copyRunning();
		await append(one, 2);
		await append(one, 3);
		await putBack(copy, one);
		const other = await apps.start(url);
		for (const data of [4, 5, 6]) await append(other, data);
		expect(await other.backplane.read(TOPIC, away)).toEqual(RESET);
	});

	it('resets clients of processes that did not know, once, when the last of those that do comes back', async () => {
		const slow = clockThatWaits();
		const slower = clockThatWaits();
		const one = await apps.start(url, [TOPIC], { clock: slow.clock });
		const two = await apps.start(url, [TOPIC], { clock: slower.clock });
		const away = await append(one, 1);
		const copy = await copyStopped(one, two);
		await append(one, 2);
		slow.wait();
		slower.wait();
		await server.kill();
		server.restore(copy);
		await server.start();
		await isAway(one);
		await isAway(two);

		const three = await apps.start(url, [TOPIC]);
		const resumed = await append(three, 3);
		expect(await three.backplane.read(TOPIC, away)).toMatchObject({ kind: 'events', entries: { length: 1 } });

		slow.go();
		await isBack(one);
		await until(() => three.statuses.some(({ available }) => !available), 'the third is told');
		await isBack(three);
		for (const { backplane } of [one, three]) {
			expect(await backplane.read(TOPIC, away)).toEqual(RESET);
			expect(await backplane.read(TOPIC, resumed)).toEqual(RESET);
		}

		const anew = await three.backplane.head(TOPIC);
		slower.go();
		await isBack(two);
		expect(await two.backplane.read(TOPIC, away)).toEqual(RESET);
		expect(await two.backplane.read(TOPIC, anew)).toMatchObject({ kind: 'events', entries: [] });
		const last = await append(two, 4);
		expect(last.epoch).toBe(anew.epoch);
		await until(() => [one, three].every((app) => app.seen().at(-1) === 4), 'all go on');
	});

	it.each(['stopped', 'running'] as const)(
		'is noticed by its files when no process is left, where the role may see them (%s)',
		async (kind) => {
			const one = await apps.start(server.url());
			const away = await append(one, 1);
			const copy = kind === 'stopped' ? await copyStopped(one) : await copyRunning();
			await append(one, 2);
			await one.backplane.stop();
			await putBack(copy);
			const two = await apps.start(server.url());
			await append(two, 3);
			expect(await two.backplane.read(TOPIC, away)).toEqual(RESET);
		}
	);

	it('is noticed by its files also where those who may not see them came first', async () => {
		const owner = await apps.start(url);
		await owner.backplane.stop();
		await outage('stop', []);
		const one = await apps.start(server.url());
		const away = await append(one, 1);
		const copy = await copyRunning();
		await append(one, 2);
		await one.backplane.stop();
		await putBack(copy);
		const two = await apps.start(url);
		await append(two, 3);
		await two.backplane.stop();
		await outage('stop', []);
		const three = await apps.start(server.url());
		expect(await three.backplane.read(TOPIC, away)).toEqual(RESET);
	});

	it('is told by an operator where nobody can know', async () => {
		const one = await apps.start(url);
		const away = await append(one, 1);
		const copy = await copyStopped(one);
		await append(one, 2);
		await one.backplane.stop();
		await putBack(copy);
		await server.psql('SELECT tidewire.begin_anew()');
		const two = await apps.start(url);
		await append(two, 3);
		expect(await two.backplane.read(TOPIC, away)).toEqual(RESET);
	});

	it('is told by an operator to processes that run', async () => {
		const one = await apps.start(url, [TOPIC]);
		const seen = await append(one, 1);
		await server.psql('SELECT tidewire.begin_anew()');
		await until(() => one.statuses.length === 2, 'it is told');
		expect(await one.backplane.read(TOPIC, seen)).toEqual(RESET);
		const after = await append(one, 2);
		expect([after.offset, one.seen()]).toEqual([2, [1, 2]]);
	});
});

/** Whoever was away, and whoever read what is lost, on any process, is reset each time that the server loses something. */
describe(`all clients are reset, ${RUNS} times`, { timeout: 60_000 + 20_000 * RUNS }, () => {
	it('when an older copy is put back, of a server that was stopped or that ran', async () => {
		const all = [await apps.start(url), await apps.start(url)];
		const followers = await Promise.all(all.map((app) => apps.follow(app, TOPIC)));
		for (let run = 0; run < RUNS; run++) {
			const away = await append(all[0]!, 1);
			const copy = run % 2 === 0 ? await copyStopped(...all) : await copyRunning();
			await expectAllReset(all, followers, { away, lose: () => putBack(copy, ...all) });
			rmSync(copy, { recursive: true });
		}
	});

	it('when it comes back without the schema', async () => {
		const empty = await copyStopped();
		const all = [await apps.start(url), await apps.start(url)];
		const followers = await Promise.all(all.map((app) => apps.follow(app, TOPIC)));
		for (let run = 0; run < RUNS; run++) {
			const away = await append(all[0]!, 1);
			await expectAllReset(all, followers, { away, lose: () => putBack(empty, ...all) });
		}
	});
});

interface Loss {
	/** Where a client stands that hears nothing of what is lost. */
	away: Position;
	lose: () => Promise<void>;
}

async function expectAllReset(
	all: readonly App[],
	followers: readonly Follower[],
	{ away, lose }: Loss
): Promise<void> {
	const stand = async (position: Position): Promise<void> => {
		await until(async () => {
			await Promise.all(followers.map((follower) => follower.read()));
			return followers.every((follower) => follower.position.offset === position.offset);
		}, 'all have it');
	};
	const lost = await append(all[0]!, 2);
	await stand(lost);
	const before = followers.map(({ resets }) => resets);
	await lose();
	const next = await append(all[1]!, 3);
	await stand(next);
	for (const [index, { backplane }] of all.entries()) {
		expect(await backplane.read(TOPIC, away)).toEqual(RESET);
		expect(await backplane.read(TOPIC, lost)).toEqual(RESET);
		expect(followers[index]!.resets).toBeGreaterThan(before[index]!);
	}
}

describe('a dump', () => {
	it('that is put back into the same database is of another log, also for whoever was away since before it', async () => {
		const one = await apps.start(server.url());
		const away = await append(one, 1);
		const dump = `${server.folder}/dump.sql`;
		await server.run('pg_dump', ['--clean', '--if-exists', '-d', server.url(), '-f', dump]);
		await append(one, 2);
		await one.backplane.stop();
		await server.run('psql', ['-Xq', '-v', 'ON_ERROR_STOP=1', '-d', server.url(), '-f', dump]);
		const two = await apps.start(server.url());
		await append(two, 3);
		expect(await two.backplane.read(TOPIC, away)).toEqual(RESET);
	});
});

describe('a replica that is promoted', () => {
	it('is another log, as it may have less than was acknowledged, and is resumed from by its own positions', async () => {
		const one = await apps.start(url);
		const seen = await append(one, 1);
		const replica = await server.replica();
		apps.end(() => replica[Symbol.asyncDispose]());
		const elsewhere = replica.url().replace('postgres@', 'app@');
		await expect(apps.start(elsewhere)).rejects.toThrow(/recovery|read-only/);
		await server.kill();
		await replica.psql('SELECT pg_promote()');
		const two = await apps.start(elsewhere);
		expect(await two.backplane.read(TOPIC, seen)).toEqual(RESET);
		const next = await append(two, 2);
		expect(next.offset).toBe(2);
		await two.backplane.stop();
		await replica.stop();
		await replica.start();
		const three = await apps.start(elsewhere);
		expect(await three.backplane.read(TOPIC, next)).toMatchObject({ kind: 'events', entries: [] });
		expect(await three.backplane.read(TOPIC, seen)).toEqual(RESET);
	});
});

describe('a server that lost nothing', () => {
	it.each(['a role that may see its files', 'any other role'])(
		'is resumed from, also after several restarts and kills, by %s',
		async (role) => {
			const by = role === 'any other role' ? url : server.url();
			const [one, two] = [await apps.start(by, [TOPIC]), await apps.start(by)];
			const away = await append(one, 1);
			for (let run = 0; run < 3; run++) {
				await append(one, 2);
				await append(two, 3);
				await outage(run === 1 ? 'stop' : 'kill', [one, two]);
			}
			expect(await two.backplane.read(TOPIC, away)).toMatchObject({ kind: 'events', entries: { length: 6 } });
		}
	);

	it('has what it acknowledged also where its commits do not wait for the disk', async () => {
		await server.psql('ALTER SYSTEM SET synchronous_commit = off');
		await server.psql('ALTER SYSTEM SET wal_writer_delay = 10000');
		await outage('stop', []);
		const one = await apps.start(url);
		const client = await apps.client(url);
		await append(one, 1);
		await client.query('BEGIN');
		await one.backplane.publish(client, ['board', 'one'], 'created', 2);
		await client.query('COMMIT');
		await outage('kill', [one]);
		expect((await one.backplane.head(TOPIC)).offset).toBe(2);
	});
});
