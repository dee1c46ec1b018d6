// Everything of one history: the service, three server processes behind a proxy each, the clients, and what is known of
// them. What happens is decided by the steps; this file makes it possible and writes it down.

import { setTimeout as delay } from 'node:timers/promises';
import type { Random } from '../../src/testing/random.ts';
import { TortureClient, type ClientWorld } from './client.ts';
import { Database, type Denial } from './database.ts';
import type { Appended, BackplaneKind, Defect } from './messages.ts';
import { Proxy } from './proxy.ts';
import { Server, type ServerListener } from './server.ts';
import type { Service } from './services.ts';
import { Witness } from './witness.ts';

/** Who takes part; two of them lose some access on the way. */
const USERS = ['ann', 'ann', 'bob', 'bob', 'dan', 'eve'];
const PROCESSES = 3;
const RESTART_MS = 100;
/** What does not end by then ends with the process of the lane. */
const ENDS_WITHIN_MS = 10_000;
/** A port that nothing listens on. */
const NOWHERE = 'ws://127.0.0.1:1/__live';

export interface WorldOptions {
	random: Random;
	backplane: BackplaneKind;
	service: Service;
	/** Tells histories on one service apart. */
	space: string;
	/** Where the application's database is. */
	database: string;
	/** The most events that a log keeps. */
	events: number;
	defect: Defect | null;
}

export interface CallRecord {
	id: string;
	kind: 'put' | 'remove' | 'say';
	row: string;
	room: string;
	outcome: 'pending' | 'acknowledged' | 'failed';
}

export class World implements ClientWorld, ServerListener {
	readonly options: WorldOptions;
	readonly random: Random;
	readonly database: Database;
	readonly witness = new Witness((problem) => this.violate(problem));
	readonly proxies: Proxy[] = [];
	/** By slot; null while there is none. */
	readonly servers: (Server | null)[] = Array.from({ length: PROCESSES }, () => null);
	readonly clients: TortureClient[] = [];
	readonly calls: CallRecord[] = [];
	readonly violations: string[] = [];
	readonly log: string[] = [];
	/** Names of all processes there ever were. */
	readonly names: string[] = [];
	/** When the last process was killed, or what it shares with others could not be reached, by our clock. */
	disturbedMs = 0;
	kills = 0;
	/** Whether the service runs. */
	serving = true;
	/** What still happens by itself: restarts, denials. */
	readonly #underway = new Set<Promise<void>>();
	readonly #deniedSince = new Map<string, number>();
	readonly #beganMs = performance.now();
	#ended = false;
	#names = 0;

	constructor(options: WorldOptions) {
		this.options = options;
		this.random = options.random;
		this.database = new Database(options.database);
	}

	note(text: string): void {
		this.log.push(`${(performance.now() - this.#beganMs).toFixed(0).padStart(6)} ${text.slice(0, 400)}`);
	}

	violate(problem: string): void {
		if (this.#ended) return;
		this.violations.push(problem.slice(0, 600));
		this.note(`VIOLATION ${problem}`);
	}

	appended(event: Appended): void {
		if (event.topic.startsWith('%')) return; // what processes tell each other
		this.note(`acknowledged ${event.topic} ${event.epoch}:${event.offset} ${event.body}`);
		this.witness.acknowledge(event);
	}

	reported(text: string): void {
		this.note(`reported ${text}`);
	}

	name(prefix: string): string {
		return `${prefix}${this.#names++}`;
	}

	/** Does something beside the steps; `settled` waits for it. */
	meanwhile(run: () => Promise<void>): void {
		const done: Promise<void> = run()
			.catch((error: unknown) => this.violate(`the history itself failed: ${String(error)}`))
			.finally(() => this.#underway.delete(done));
		this.#underway.add(done);
	}

	async settled(): Promise<void> {
		while (this.#underway.size > 0) await Promise.all(this.#underway);
	}

	/** The service and the processes run, and the clients are on their way. */
	async begin(): Promise<void> {
		const { service } = this.options;
		for (const _ of this.servers) this.proxies.push(await Proxy.start(() => service.port));
		await Promise.all(this.servers.map((_, slot) => this.startServer(slot)));
		for (const [index, user] of USERS.entries()) {
			this.clients.push(new TortureClient(this, this.name(user), { user, home: index % PROCESSES }));
		}
	}

	/** Begins a process, again and again until it does. */
	async startServer(slot: number): Promise<void> {
		const { backplane, space, database, events, defect } = this.options;
		while (!this.#ended) {
			const name = this.name('p');
			this.names.push(name);
			const settings = { name, backplane, port: this.proxies[slot]!.port, space, database, events, defect };
			try {
				const server = await Server.start(settings, this);
				this.note(`${name} serves in place ${slot}`);
				if (this.#ended) await server.kill();
				else this.servers[slot] = server;
				return;
			} catch (error) {
				this.note(String(error));
				await delay(RESTART_MS);
			}
		}
	}

	get running(): Server[] {
		return this.servers.filter((server) => server !== null);
	}

	urlFor(home: number): string {
		return this.servers[home]?.url ?? this.running[0]?.url ?? NOWHERE;
	}

	deniedSince(user: string, topic: string): number {
		const what = topic.replace('room/', '');
		return Math.min(
			this.#deniedSince.get(`${user} connect`) ?? Infinity,
			this.#deniedSince.get(`${user} ${what}`) ?? Infinity
		);
	}

	isDenied(user: string, what: Denial): boolean {
		return this.database.isDenied(user, what);
	}

	/** Takes access away, and tells one of the processes. It counts from when that one has passed it on. */
	async deny(user: string, what: Denial): Promise<void> {
		this.database.deny(user, what);
		while (!(await this.#revoke(user)) && !this.#ended) await delay(50);
		this.#deniedSince.set(`${user} ${what}`, Date.now());
		this.note(`${user} may not ${what} any more`);
	}

	/** Tells one of the processes, whichever it is. Returns whether it could pass it on. */
	async #revoke(user: string): Promise<boolean> {
		const awake = this.running.filter(({ frozen }) => !frozen);
		if (awake.length === 0) return false;
		return await this.random
			.pick(awake)
			.ask({ kind: 'revoke', user })
			.then(
				() => true,
				(error: unknown) => (this.note(`${user} is not revoked yet: ${String(error)}`), false)
			);
	}

	async end(): Promise<void> {
		this.#ended = true;
		for (const client of this.clients) client.end();
		await Promise.all(this.running.map((server) => server.kill()));
		await Promise.race([this.settled(), delay(ENDS_WITHIN_MS, undefined, { ref: false })]);
		for (const proxy of this.proxies) await proxy[Symbol.asyncDispose]();
		this.database[Symbol.dispose]();
	}
}
