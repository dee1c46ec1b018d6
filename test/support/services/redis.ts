// A private Redis on a free port, in a temporary folder: started, killed, stopped and put back from snapshots by tests. It
// keeps nothing on disk unless it is asked to.
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { copyFileSync, mkdtempSync, rmSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { freePort } from '../../../scripts/lib/port.ts';
import { findServices } from '../../../scripts/lib/services.ts';

const STARTS_WITHIN_MS = 20_000;
const program = findServices().get('Redis') ?? 'redis-server';

/** The bus of a node of a Cluster is on the port 10,000 above. */
const HIGHEST_PORT = 54_999;
/** How many are tried: somebody may have taken one meanwhile, or has that of the bus. */
const PORTS = 5;

export class RedisServer implements AsyncDisposable {
	readonly port: number;
	readonly folder: string;
	readonly #settings: readonly string[];
	/** With its configuration; only where arguments are not enough. */
	#file: string | null = null;
	#child: ChildProcess | null = null;

	private constructor(port: number, settings: readonly string[]) {
		this.port = port;
		this.folder = mkdtempSync(join(tmpdir(), 'tidewire-redis-'));
		this.#settings = settings;
	}

	/** @param settings further arguments of the program, as `['--cluster-enabled', 'yes']` */
	static async start(settings: readonly string[] = []): Promise<RedisServer> {
		for (let attempt = 1; ; attempt++) {
			const server = new RedisServer(await freePort(HIGHEST_PORT), settings);
			try {
				await server.start();
				return server;
			} catch (error) {
				await server[Symbol.asyncDispose]();
				if (attempt === PORTS) throw error;
			}
		}
	}

	/** @param configure writes a configuration into a folder and returns its path */
	static async startSentinel(configure: (folder: string) => string): Promise<RedisServer> {
		const server = new RedisServer(await freePort(HIGHEST_PORT), ['--sentinel']);
		server.#file = configure(server.folder);
		await server.start();
		return server;
	}

	get url(): string {
		return `redis://127.0.0.1:${this.port}`;
	}

	get pid(): number {
		return this.#child?.pid ?? 0;
	}

	/** Starts it on the snapshot that is in its folder; empty where there is none. */
	async start(): Promise<void> {
		const place = ['--port', String(this.port), '--bind', '127.0.0.1', '--dir', this.folder];
		const nothing = ['--save', '', '--appendonly', 'no', '--daemonize', 'no'];
		const settings = this.#file === null ? [...place, ...nothing] : [this.#file, ...place];
		this.#child = spawn(program, [...settings, ...this.#settings], { stdio: 'ignore' });
		const until = performance.now() + STARTS_WITHIN_MS;
		while ((await this.#tryCommand('PING')) !== '+PONG') {
			if (this.#child.exitCode !== null) throw new Error(`${program} ended on port ${this.port}`);
			if (performance.now() > until) throw new Error(`${program} does not answer on port ${this.port}`);
			await delay(20);
		}
	}

	async #tryCommand(...command: string[]): Promise<string> {
		return this.command(...command).catch(() => '');
	}

	/** Asks it something; resolves to the first part of its answer, as it is on the wire. */
	async command(...command: string[]): Promise<string> {
		const socket: Socket = connect(this.port, '127.0.0.1');
		try {
			await once(socket, 'connect');
			const parts = command.map((part) => `$${Buffer.byteLength(part)}\r\n${part}\r\n`);
			socket.write(`*${command.length}\r\n${parts.join('')}`);
			const [answer] = (await once(socket, 'data')) as [Buffer];
			return answer.toString().trimEnd();
		} finally {
			socket.destroy();
		}
	}

	/** Ends it without a word. */
	async kill(): Promise<void> {
		const child = this.#child;
		this.#child = null;
		if (!child || child.exitCode !== null || child.signalCode !== null) return;
		const ended = once(child, 'exit');
		child.kill('SIGKILL');
		await ended;
	}

	/** It stays there and does nothing. */
	pause(): void {
		this.#child?.kill('SIGSTOP');
	}

	resume(): void {
		this.#child?.kill('SIGCONT');
	}

	/** Writes a snapshot, which `restart` can begin with. */
	async snapshot(): Promise<void> {
		const answer = await this.command('SAVE');
		if (answer !== '+OK') throw new Error(`no snapshot was written: ${answer}`);
		copyFileSync(join(this.folder, 'dump.rdb'), join(this.folder, 'kept.rdb'));
	}

	/** Kills it and starts it anew. */
	async restart(from: 'empty' | 'snapshot'): Promise<void> {
		await this.kill();
		rmSync(join(this.folder, 'dump.rdb'), { force: true });
		if (from === 'snapshot') copyFileSync(join(this.folder, 'kept.rdb'), join(this.folder, 'dump.rdb'));
		await this.start();
	}

	async [Symbol.asyncDispose](): Promise<void> {
		await this.kill();
		rmSync(this.folder, { recursive: true, force: true });
	}
}
