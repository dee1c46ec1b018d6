// A private NATS server with JetStream on a free port, in a temporary folder: started, killed, frozen and put back from
// copies by tests.
import { execFile, execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { promisify } from 'node:util';
import { freePort } from '../../../scripts/lib/port.ts';
import { findServices } from '../../../scripts/lib/services.ts';

const run = promisify(execFile);
const STARTS_WITHIN_MS = 10_000;

const program = findServices().get('NATS') ?? 'nats-server';

export class NatsServer implements AsyncDisposable {
	readonly port: number;
	readonly folder: string;
	#child: ChildProcess | null = null;
	#copies = 0;
	readonly name: string;
	/** What makes it one of a cluster. */
	readonly #cluster: readonly string[];

	private constructor(port: number, name = 'alone', cluster: readonly string[] = []) {
		this.folder = mkdtempSync(join(tmpdir(), 'tidewire-nats-'));
		this.port = port;
		this.name = name;
		this.#cluster = cluster;
	}

	/** An empty server, which answers. */
	static async start(): Promise<NatsServer> {
		const server = new NatsServer(await freePort());
		await server.start();
		return server;
	}

	/** Servers that keep streams together. They answer; who leads is settled a few seconds later. */
	static async startCluster(count: number): Promise<NatsServer[]> {
		const ports = await Promise.all(Array.from({ length: 2 * count }, () => freePort()));
		const routes = ports.slice(count).map((port) => `nats://127.0.0.1:${port}`);
		const servers = routes.map((route, index) => {
			const cluster = [
				'-n',
				`server-${index}`,
				'--cluster_name',
				'test',
				'--cluster',
				route,
				'--routes',
				routes.join(',')
			];
			return new NatsServer(ports[index]!, `server-${index}`, cluster);
		});
		await Promise.all(servers.map((server) => server.start()));
		return servers;
	}

	get url(): string {
		return `nats://127.0.0.1:${this.port}`;
	}

	/** Of the program that runs now. */
	get pid(): number {
		return this.#child?.pid ?? 0;
	}

	/** For example `2.10.22`. */
	get version(): string {
		return /v(\d\S*)/.exec(execFileSync(program, ['--version'], { encoding: 'utf8' }))?.[1] ?? '';
	}

	get #data(): string {
		return join(this.folder, 'data');
	}

	/** Starts it on what it has stored. */
	async start(): Promise<void> {
		const args = ['-a', '127.0.0.1', '-p', String(this.port), '-js', '-sd', this.#data];
		this.#child = spawn(program, [...args, ...this.#cluster], { stdio: 'ignore', cwd: this.folder });
		const until = performance.now() + STARTS_WITHIN_MS;
		while (!(await this.#answers())) {
			if (this.#child.exitCode !== null) throw new Error(`NATS ended while it started: ${program}`);
			if (performance.now() > until) throw new Error('NATS did not start in time');
			await delay(10);
		}
	}

	async #answers(): Promise<boolean> {
		const socket = connect(this.port, '127.0.0.1');
		try {
			const [data] = (await once(socket, 'data')) as [Buffer];
			return data.toString().startsWith('INFO');
		} catch {
			return false;
		} finally {
			socket.destroy();
		}
	}

	/** Ends it without a word. */
	async kill(): Promise<void> {
		await this.#end('SIGKILL');
	}

	/** Ends it in order. */
	async stop(): Promise<void> {
		await this.#end('SIGTERM');
	}

	async #end(signal: NodeJS.Signals): Promise<void> {
		const child = this.#child;
		if (child === null || child.exitCode !== null || child.signalCode !== null) return;
		const ended = once(child, 'exit');
		child.kill('SIGCONT');
		child.kill(signal);
		await ended;
	}

	/** Stops it as a machine does that hangs. Resolves when it has stopped. */
	async freeze(): Promise<void> {
		this.#child?.kill('SIGSTOP');
		while (!(await this.#state()).startsWith('T')) await delay(5);
	}

	async #state(): Promise<string> {
		const { stdout } = await run('ps', ['-o', 'stat=', '-p', String(this.#child?.pid)]);
		return stdout.trim();
	}

	thaw(): void {
		this.#child?.kill('SIGCONT');
	}

	/** A copy of what it has stored, made while it is stopped. Returns what `restore` takes. */
	copy(): string {
		const name = join(this.folder, `copy${this.#copies++}`);
		cpSync(this.#data, name, { recursive: true });
		return name;
	}

	/** Puts a copy back, while it is stopped. */
	restore(copy: string): void {
		this.clear();
		cpSync(copy, this.#data, { recursive: true });
	}

	/** Forgets everything, while it is stopped. */
	clear(): void {
		rmSync(this.#data, { recursive: true, force: true });
	}

	async [Symbol.asyncDispose](): Promise<void> {
		await this.kill();
		rmSync(this.folder, { recursive: true, force: true });
	}
}
