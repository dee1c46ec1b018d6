// A private PostgreSQL server on a free port, in a temporary folder: started, killed and put back from copies by tests.
// `initdb` refuses root, so as root everything runs as the user `postgres`, or as the one that owns nothing.
import { execFile, execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { chownSync, closeSync, mkdtempSync, openSync, readFileSync, realpathSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { promisify } from 'node:util';
import { freePort } from '../../../scripts/lib/port.ts';
import { findServices } from '../../../scripts/lib/services.ts';

const run = promisify(execFile);
const STARTS_WITHIN_MS = 30_000;
/** No promise of these tests is about power failures, and the disk is shared. */
const SETTINGS = ['fsync=off', 'wal_level=logical', 'max_connections=60', 'autovacuum=off', 'max_wal_senders=8'];

const program = findServices().get('PostgreSQL') ?? 'postgres';

/** A user for the server where this process is root; nothing where it is anybody else. */
const user: { uid?: number; gid?: number } = process.getuid?.() === 0 ? userNamed('postgres') : {};

function userNamed(name: string): { uid: number; gid: number } {
	const line = readFileSync('/etc/passwd', 'utf8')
		.split('\n')
		.find((line) => line.startsWith(`${name}:`));
	const [uid, gid] = (line ?? 'nobody:x:65534:65534').split(':').slice(2, 4);
	return { uid: Number(uid), gid: Number(gid) };
}

export class PostgresServer implements AsyncDisposable {
	readonly port: number;
	readonly folder: string;
	#child: ChildProcess | null = null;
	#copies = 0;

	private constructor(folder: string, port: number) {
		this.folder = folder;
		this.port = port;
	}

	/** A server on an empty cluster, which answers. */
	static async start(): Promise<PostgresServer> {
		const folder = mkdtempSync(join(tmpdir(), 'tidewire-postgres-'));
		giveToUser(folder);
		const server = new PostgresServer(folder, await freePort());
		const options = ['-U', 'postgres', '-A', 'trust', '-E', 'UTF8', '--locale=C', '--no-sync'];
		await server.run('initdb', ['-D', server.#data, ...options]);
		await server.start();
		return server;
	}

	/** A server that follows this one, until it is promoted. */
	async replica(): Promise<PostgresServer> {
		const folder = mkdtempSync(join(tmpdir(), 'tidewire-postgres-'));
		giveToUser(folder);
		const server = new PostgresServer(folder, await freePort());
		await this.run('pg_basebackup', ['-d', this.url(), '-D', server.#data, '-R', '-c', 'fast', '--no-sync']);
		await server.start();
		return server;
	}

	get #data(): string {
		return join(this.folder, 'data');
	}

	get #log(): string {
		return join(this.folder, 'log');
	}

	/** Of a database in it; the one called `postgres` is always there. */
	url(database = 'postgres'): string {
		return `postgres://postgres@127.0.0.1:${this.port}/${database}`;
	}

	/** Starts it on the data that it has. */
	async start(): Promise<void> {
		const settings = SETTINGS.flatMap((setting) => ['-c', setting]);
		const place = ['-D', this.#data, '-p', String(this.port), '-h', '127.0.0.1', '-k', this.folder];
		const log = openSync(this.#log, 'w');
		const stdio = ['ignore', log, log] as const;
		this.#child = spawn(program, [...place, ...settings], { ...user, stdio: [...stdio], cwd: this.folder });
		closeSync(log);
		await this.#answers();
	}

	async #answers(): Promise<void> {
		const until = performance.now() + STARTS_WITHIN_MS;
		while (performance.now() < until) {
			if (this.#child?.exitCode !== null) throw new Error(`PostgreSQL ended: ${readFileSync(this.#log, 'utf8')}`);
			const isReady = await this.run('pg_isready', ['-q', '-h', '127.0.0.1', '-p', String(this.port)]).then(
				() => true,
				() => false
			);
			if (isReady) return;
			await delay(50);
		}
		throw new Error('PostgreSQL did not start in time');
	}

	/** Runs one of the programs that come with it, as the server's user. Returns what it prints. */
	async run(name: string, args: string[]): Promise<string> {
		// A link to it may stand where the others do not.
		const path = join(dirname(realpathSync(program)), name);
		const { stdout } = await run(path, args, { ...user, cwd: this.folder, maxBuffer: 64 * 1024 * 1024 });
		return stdout;
	}

	/** What somebody types into psql. */
	psql(sql: string, database = 'postgres'): Promise<string> {
		return this.run('psql', ['-XqtA', '-v', 'ON_ERROR_STOP=1', '-d', this.url(database), '-c', sql]);
	}

	/** An empty database. */
	async createDatabase(name: string): Promise<string> {
		await this.psql(`CREATE DATABASE ${name}`);
		return this.url(name);
	}

	/** SIGKILL to all of its processes: the first one alone would leave the others behind for a while. */
	async kill(): Promise<void> {
		const child = this.#child;
		if (child?.exitCode !== null || child.signalCode !== null) return;
		// Stopped first: it forks no more while its children are counted.
		child.kill('SIGSTOP');
		const pids = await this.#pids();
		const ended = once(child, 'exit');
		for (const pid of pids) signal(pid, 'SIGKILL');
		await ended;
		// A server does not start where backends of the one before still have its memory.
		while (pids.some((pid) => isRunning(pid))) await delay(5);
	}

	/** Ends it in order; open connections are closed. */
	async stop(): Promise<void> {
		const child = this.#child;
		if (child === null || child.exitCode !== null || child.signalCode !== null) return;
		const ended = once(child, 'exit');
		child.kill('SIGINT');
		await ended;
	}

	/** Stops it, and its backends, as a machine does that hangs. */
	async freeze(): Promise<void> {
		for (const pid of await this.#pids()) signal(pid, 'SIGSTOP');
	}

	async thaw(): Promise<void> {
		for (const pid of await this.#pids()) signal(pid, 'SIGCONT');
	}

	async #pids(): Promise<number[]> {
		const pid = Number(this.#child?.pid);
		const { stdout } = await run('ps', ['-o', 'pid=', '--ppid', String(pid)]).catch(() => ({ stdout: '' }));
		return [pid, ...stdout.split(/\s+/).filter(Boolean).map(Number)];
	}

	/** A copy of its data, made while it is stopped or frozen. Returns what `restore` takes. */
	copy(): string {
		const name = join(this.folder, `copy${this.#copies++}`);
		replace(this.#data, name);
		return name;
	}

	/** When its files were made, in milliseconds since the Unix epoch. */
	get madeAtMs(): number {
		return statSync(join(this.#data, 'PG_VERSION')).ctimeMs;
	}

	/** Puts a copy back, while it is stopped. One of a server that ran says which process had it. */
	restore(copy: string): void {
		replace(copy, this.#data);
		rmSync(join(this.#data, 'postmaster.pid'), { force: true });
	}

	async [Symbol.asyncDispose](): Promise<void> {
		await this.kill();
		rmSync(this.folder, { recursive: true, force: true });
	}
}

function signal(pid: number, name: NodeJS.Signals): void {
	try {
		process.kill(pid, name);
	} catch {
		// It has ended by itself.
	}
}

function isRunning(pid: number): boolean {
	try {
		return !readFileSync(`/proc/${pid}/stat`, 'utf8').includes(') Z ');
	} catch {
		return false;
	}
}

function replace(from: string, to: string): void {
	rmSync(to, { recursive: true, force: true });
	execFileSync('cp', ['-a', from, to]);
}

function giveToUser(path: string): void {
	const { uid, gid } = user;
	if (uid !== undefined && gid !== undefined) chownSync(path, uid, gid);
}
