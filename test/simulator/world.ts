// Everything of one simulated history: the clock, the database, the processes of the server and the clients, and the
// network between them. What happens is decided by the steps; this file makes it possible.

import type { ClientSocket, ClientSocketEvents } from '../../src/client/socket.ts';
import type { EnvironmentSignal } from '../../src/client/environment.ts';
import { Client } from '../../src/client/client.ts';
import { memory } from '../../src/backplanes/memory/memory.ts';
import { sqlite } from '../../src/backplanes/sqlite/sqlite.ts';
import { LiveError } from '../../src/base/errors.ts';
import { isPromise } from '../../src/base/maybe-promise.ts';
import type { Position } from '../../src/protocol/position.ts';
import type { Backplane } from '../../src/server/backplane.ts';
import { LiveServer } from '../../src/server/server.ts';
import type { Session } from '../../src/server/session.ts';
import type { SocketEvents, TransportSocket } from '../../src/server/transport.ts';
import { ClockView } from '../../src/testing/clock-view.ts';
import { FaultyCluster, type ClusterFaults } from '../../src/testing/faulty-cluster.ts';
import { LoopbackConnection } from '../../src/testing/loopback.ts';
import type { Random } from '../../src/testing/random.ts';
import { VirtualClock } from '../../src/testing/virtual-clock.ts';
import { mortal } from '../support/mortal.ts';
import { makeApp, type App, type AppHost } from './app.ts';
import { Database, USERS } from './database.ts';
import { Watch } from './watch.ts';
import { Workers } from './workers.ts';

/** memory: one process · cluster: two, joined by a bad network · workers: two with a primary · sqlite: one, with a file */
export type Mode = 'memory' | 'cluster' | 'workers' | 'sqlite';

/** How the network and the processes misbehave until they heal. */
export interface Weather {
	maxLatencyMs: number;
	/** Probability that a handler or a load waits. */
	pauses: number;
	maxPauseMs: number;
	failingLoads: number;
	cluster: ClusterFaults;
}

export interface WorldOptions {
	random: Random;
	mode: Mode;
	weather: Weather;
	/** Where the history is kept, with mode sqlite. */
	file: string;
	queueBytes: number;
	windowBytes: number;
	/** The most events that a log keeps. */
	logEvents: number;
	note: (text: () => string) => void;
}

/** A process says hello and enters itself among the others: some ways to what they share, and back. */
const START_MS = 300;
/** How long an expired or revoked session may go on. */
const GRACE_MS = 1_000;
/** Whoever starts or ends gives up what it or others held, and waits for what runs. */
const PATIENCE_MS = 30_000;
const LOOK_MS = 100;
const SKEW_MS = 24 * 3_600_000;

export class World {
	readonly options: WorldOptions;
	readonly random: Random;
	readonly clock = new VirtualClock();
	readonly database = new Database();
	readonly cluster: FaultyCluster;
	readonly #workers: Workers;
	readonly processes: Process[] = [];
	readonly clients: SimClient[] = [];
	/** What went wrong; the first entry is what counts. */
	readonly violations: string[] = [];
	/** Errors that the server reported as not meant for clients. */
	readonly reported: unknown[] = [];
	/** Whether ephemeral streams must end where the database is: what a bad network lost of them stays lost. */
	losesBroadcasts: boolean;
	/** Whether everything works from now on. */
	healed = false;
	/** Told of every process before it starts: it may serve more than the application. */
	onProcess: (process: Process) => void = () => {};
	#names = 0;

	constructor(options: WorldOptions) {
		this.options = options;
		this.random = options.random;
		this.losesBroadcasts = this.isSpread;
		const { random, weather } = options;
		this.cluster = new FaultyCluster({
			clock: this.clock,
			random,
			faults: weather.cluster,
			events: options.logEvents
		});
		this.#workers = new Workers({
			clock: this.clock,
			latencyMs: weather.cluster.maxDelayMs,
			events: options.logEvents,
			backlogCharacters: options.queueBytes,
			onAppended: (topic, body, at) => this.#record(topic, body, at),
			onError: (error) => this.violate(`the primary failed: ${String(error)}`)
		});
	}

	/** Whether several processes serve the clients. */
	get isSpread(): boolean {
		return this.options.mode === 'cluster' || this.options.mode === 'workers';
	}

	note(text: () => string): void {
		this.options.note(() => `${this.clock.now().toFixed(0).padStart(7)} ${text()}`);
	}

	violate(problem: string): void {
		const message = brief(problem);
		this.violations.push(message);
		this.note(() => `VIOLATION ${message}`);
	}

	name(prefix: string): string {
		return `${prefix}${(this.#names++).toString(36)}`;
	}

	async startProcess(): Promise<Process> {
		const process = new Process(this, this.name('p'));
		this.onProcess(process);
		const started = process.start();
		if (this.isSpread) await this.clock.advance(START_MS);
		await this.over(started, `the start of ${process.name}`);
		this.processes.push(process);
		return process;
	}

	/** Lets time pass until something is over. */
	async over(what: Promise<void>, name: string): Promise<void> {
		const state = { isOver: false };
		const settled = what.finally(() => (state.isOver = true));
		await this.clock.settle();
		for (let waitedMs = 0; !state.isOver && waitedMs < PATIENCE_MS; waitedMs += LOOK_MS)
			await this.clock.advance(LOOK_MS);
		if (state.isOver) await settled;
		else this.violate(`${name} took longer than ${PATIENCE_MS} ms`);
	}

	addClient(user: string): SimClient {
		const client = new SimClient(this, this.name(user), user);
		this.clients.push(client);
		return client;
	}

	/** What a process joins, and what its end means to the others. */
	backplane(process: Process): { backplane: Backplane; end: () => void } {
		const { mode, file, logEvents } = this.options;
		const end = (): void => {};
		if (mode === 'workers') return this.#workers.add(process.clock);
		if (mode === 'cluster') return { backplane: this.#recorded(mortal(this.cluster.member(), process)), end };
		const epoch = this.name('e');
		const backplane =
			mode === 'sqlite'
				? sqlite(file, { incarnation: epoch, events: logEvents, clock: this.clock })
				: memory({ epoch, events: logEvents, idleTopics: 3 });
		return { backplane: this.#recorded(backplane), end };
	}

	#record(topic: string, body: string, at: Position): void {
		this.note(() => `committed ${topic} ${at.epoch}:${at.offset} ${brief(body)}`);
		this.database.commit({ topic, ...at, epoch: this.epochKey(at.epoch) }, { body, atMs: this.clock.now() });
	}

	/** What is appended is what counts as committed. */
	#recorded(backplane: Backplane): Backplane {
		const append = backplane.append.bind(backplane);
		const isCluster = this.options.mode === 'cluster';
		backplane.append = (topic, body) => {
			const head = isCluster ? this.cluster.log(topic).head : null;
			const appended = append(topic, body);
			const record = (at: Position): void => this.#record(topic, body, at);
			// The cluster's log has it before its writer knows.
			if (head) record({ ...head, offset: head.offset + 1 });
			else if (isPromise(appended)) void appended.then(record, () => {});
			else record(appended);
			return appended;
		};
		return backplane;
	}

	/** An SQLite history goes on through restarts under new names. */
	epochKey(epoch: string): string {
		return this.options.mode === 'sqlite' ? 'file' : epoch;
	}

	sessionOf(user: string): Session | null {
		if (this.database.bannedSince.has(user)) return null;
		const expires = !this.healed && this.random.chance(0.2);
		const base: Session = { user: { id: user } };
		return expires ? { ...base, expiresAt: this.clock.wallTime() + this.random.between(100, 20_000) } : base;
	}
}

export class Process implements AppHost {
	readonly world: World;
	readonly name: string;
	readonly clock: ClockView;
	readonly server: LiveServer;
	readonly app: App;
	readonly connections = new Set<LoopbackConnection>();
	readonly database: Database;
	readonly #backplane: Backplane;
	readonly #end: () => void;
	alive = true;
	/** Whether it was killed. */
	isOver = false;

	constructor(world: World, name: string) {
		this.world = world;
		this.name = name;
		this.database = world.database;
		this.clock = new ClockView(world.clock);
		const { backplane, end } = world.backplane(this);
		this.#backplane = backplane;
		this.#end = end;
		this.server = new LiveServer({
			backplane: this.#backplane,
			clock: this.clock,
			limits: { queueBytes: world.options.queueBytes, connectionsPerUser: 1_000 },
			onError: (_, error) => world.reported.push(error),
			randomName: () => world.name('c'),
			random: () => world.random.next()
		});
		this.app = makeApp(this);
		this.server.registry.register('app', this.app.exports);
	}

	get atomic(): boolean {
		return this.world.isSpread;
	}

	async start(): Promise<void> {
		await this.server.start();
	}

	check(): void {
		if (!this.alive) throw new LiveError('UNAVAILABLE', 'the process has crashed');
	}

	violate(problem: string): void {
		this.world.violate(`${this.name}: ${problem}`);
	}

	pause(): Promise<void> | undefined {
		this.check();
		const { random, options } = this.world;
		return random.chance(options.weather.pauses)
			? this.#sleep(random.below(options.weather.maxPauseMs))
			: undefined;
	}

	loading(): Promise<void> | undefined {
		const { random, options } = this.world;
		if (random.chance(options.weather.failingLoads)) {
			throw random.chance(0.7)
				? new LiveError('UNAVAILABLE', 'the load failed')
				: new Error('the load is broken');
		}
		return this.pause();
	}

	#sleep(ms: number): Promise<void> {
		return new Promise((resolve, reject) => {
			this.world.clock.setTimer(() => {
				if (this.alive) resolve();
				else reject(new LiveError('UNAVAILABLE', 'the process has crashed'));
			}, ms);
		});
	}

	/** Ends at once: nothing runs any more, and every connection breaks. */
	async crash(): Promise<void> {
		this.alive = false;
		this.isOver = true;
		this.world.processes.splice(this.world.processes.indexOf(this), 1);
		this.clock.stop();
		for (const connection of this.connections) connection.cut();
		if (this.world.options.mode === 'workers') this.#end();
		else await this.#backplane.stop(false);
	}

	/** Shuts down in order. */
	async leave(): Promise<void> {
		this.world.processes.splice(this.world.processes.indexOf(this), 1);
		const stopped = this.server.drain(this.world.random.between(0, 300)).then(async () => {
			this.alive = false;
			await this.server.stop();
		});
		await this.world.clock.advance(1_000);
		for (const connection of this.connections) connection.cut();
		await this.world.clock.advance(2_000);
		await this.world.over(stopped, `the end of ${this.name}`);
		if (this.clock.pending > 0) this.world.violate(`${this.name}: ${this.clock.pending} timers run after stop`);
		if (this.server.topicCount > 0) this.world.violate(`${this.name}: ${this.server.topicCount} topics after stop`);
		this.clock.stop();
	}
}

export class SimClient {
	readonly world: World;
	readonly name: string;
	readonly user: string;
	readonly clock: ClockView;
	readonly client: Client;
	readonly watches = new Map<string, Watch>();
	readonly connections = new Set<LoopbackConnection>();
	/** Whether the network lets it connect. */
	online = true;
	stalled = false;
	connection: LoopbackConnection | null = null;
	#report: ((signal: EnvironmentSignal) => void) | null = null;

	constructor(world: World, name: string, user: string) {
		this.world = world;
		this.name = name;
		this.user = user;
		const { random } = world;
		const wallMs = random.pick([0, 0, SKEW_MS, -SKEW_MS]);
		this.clock = new ClockView(world.clock, { wallMs, originMs: random.below(1e6) });
		this.client = new Client({
			url: 'ws://simulator',
			clock: this.clock,
			random: () => random.next(),
			connect: (_, events) => this.#connect(events),
			environment: { watch: (report) => ((this.#report = report), () => (this.#report = null)) },
			onReset: (path, reason) => this.#watchesOf(path).forEach((watch) => watch.told(reason)),
			onApply: (applied) => this.watches.get(watchKey(applied.path, applied.args))?.applied(applied)
		});
	}

	#watchesOf(path: string): Watch[] {
		return [...this.watches.values()].filter((watch) => watch.path === path);
	}

	sense(signal: EnvironmentSignal): void {
		this.#report?.(signal);
	}

	watch(path: string, args: unknown[]): Watch {
		const key = watchKey(path, args);
		let watch = this.watches.get(key);
		if (!watch) this.watches.set(key, (watch = new Watch(this, path, args)));
		return watch;
	}

	#connect(events: ClientSocketEvents): ClientSocket {
		const { world } = this;
		const base = world.random.below(world.options.weather.maxLatencyMs + 1);
		const connection: LoopbackConnection = new LoopbackConnection(
			{
				clock: world.clock,
				accept: (socket) => (this.online ? this.#accept(connection, socket) : null),
				// Jitter: frames of an old connection may well arrive after those of the next one.
				latencyMs: () => base + world.random.below(3),
				windowBytes: world.options.windowBytes
			},
			events
		);
		if (this.stalled) connection.stall();
		this.connections.add(connection);
		this.connection = connection;
		return connection;
	}

	#accept(connection: LoopbackConnection, socket: TransportSocket): SocketEvents | null {
		const { world } = this;
		if (world.processes.length === 0) return null;
		const process = world.random.pick(world.processes);
		const session = world.sessionOf(this.user);
		process.connections.add(connection);
		const events = process.server.accept(guarded(this, session, socket), session);
		return {
			message: (data) => {
				world.note(() => `${this.name} -> ${brief(String(data))}`);
				if (process.alive) events.message(data);
			},
			drained: () => process.alive && events.drained(),
			closed: (code, reason) => {
				process.connections.delete(connection);
				this.connections.delete(connection);
				if (process.alive) events.closed(code, reason);
			}
		};
	}
}

const watchKey = (path: string, args: readonly unknown[]): string => `${path} ${JSON.stringify(args)}`;

/** A socket that finds out when something is sent to who may not have it. */
function guarded(client: SimClient, session: Session | null, socket: TransportSocket): TransportSocket {
	const { world, user } = client;
	const allowedUntilMs = (): number => {
		const expiresMs =
			session?.expiresAt === undefined
				? Infinity
				: session.expiresAt - world.clock.wallTime() + world.clock.now();
		// A revoked session ends at once; an expired one within the grace.
		return session === null ? -Infinity : Math.min(expiresMs + GRACE_MS, bannedAtMs);
	};
	let bannedAtMs = Infinity;
	const send: TransportSocket['send'] = (frames) => {
		for (const { text } of frames) world.note(() => `${client.name} <- ${brief(text)}`);
		bannedAtMs = Math.min(bannedAtMs, world.database.bannedSince.get(user) ?? Infinity);
		if (world.clock.now() > allowedUntilMs()) {
			const leaked = frames.find(({ text }) => /^\["(event|snapshot|resumed|result)"/m.test(text));
			if (leaked) world.violate(`${client.name} was sent ${leaked.text.slice(0, 80)} without a session`);
		}
		socket.send(frames);
	};
	return Object.assign(Object.create(socket) as TransportSocket, { send });
}

/** Padding says nothing. */
export const brief = (text: string): string => text.replaceAll(/x{9,}/g, 'xx').slice(0, 300);

export { USERS };
