// A subscription or a further page, and an event published at one exact moment of it: after the n-th step of the event loop or of the
// promises in it. Run again and again with the next moment, until there is none left.

import type { TopicLike } from '../../src/server/topic.ts';
import { NO_FAULTS } from '../../src/testing/faulty-cluster.ts';
import { Random } from '../../src/testing/random.ts';
import type { App, Publishes } from './app.ts';
import { fillLines, someChange } from './pages/line-changes.ts';
import { PAGED } from './pages/paged-list.ts';
import type { SimClient } from './world.ts';
import { World, type Mode } from './world.ts';

/** Microtasks that are counted after each callback of the loop: no chain of awaits in the core is longer. */
const ROUNDS = 24;

export interface Injection {
	seed: number;
	mode: Exclude<Mode, 'sqlite'>;
	scenario: Scenario;
	/** When to publish, counted in steps from the moment that the scenario marks. */
	moments: readonly number[];
	/** Longest latency and longest wait of a load, in milliseconds. */
	maxDelayMs?: number;
}

export interface InjectionResult {
	violation: string | null;
	/** Steps from the mark to the end. */
	steps: number;
}

export type Scenario = keyof typeof SCENARIOS;

/** Publishes something of its own: what the injected events meet. */
type Write = (name: string, size?: number) => void;

interface Scene {
	world: World;
	clients: SimClient[];
	write: Write;
	/** From here on, moments are counted. */
	mark: () => void;
}

/** Long enough for everything but what waits for a heartbeat. */
const SHORT_MS = 500;

const SCENARIOS = {
	async firstLoad({ clients: [client], mark }: Scene) {
		mark();
		client?.watch('app/cards', ['red']).open();
	},

	async sharedLoad({ clients, mark }: Scene) {
		mark();
		for (const client of clients) client.watch('app/cards', ['red']).open();
	},

	async twoStreams({ clients: [client], mark }: Scene) {
		mark();
		client?.watch('app/cards', ['red']).open();
		client?.watch('app/titles', ['red']).open();
	},

	async resume({ world, clients: [client], write, mark }: Scene) {
		client?.watch('app/cards', ['red']).open();
		await world.clock.advance(SHORT_MS);
		client?.connection?.cut();
		write('missed');
		await world.clock.advance(1);
		mark();
		client?.client.reconnect();
	},

	async evicted({ world, clients: [client], write, mark }: Scene) {
		client?.watch('app/cards', ['red']).open();
		await world.clock.advance(SHORT_MS);
		client?.connection?.silence();
		for (let index = 0; index < 12; index++) write(`missed${index}`);
		mark();
		client?.client.reconnect();
	},

	/** The queue overflows, then the client reads again. */
	async catchUp({ world, clients: [client], write, mark }: Scene) {
		for (const path of ['app/cards', 'app/titles']) client?.watch(path, ['red']).open();
		await world.clock.advance(SHORT_MS);
		client?.connection?.stall();
		for (let index = 0; index < 6; index++) {
			write(`big${index}`, 700);
			await world.clock.advance(1);
		}
		mark();
		client?.connection?.flow();
	},

	/** A delivery between processes is lost, the next one shows it. */
	async hole({ world, clients, write, mark }: Scene) {
		for (const client of clients) client.watch('app/cards', ['red']).open();
		await world.clock.advance(SHORT_MS);
		const faults = world.options.weather.cluster;
		faults.lose = 1;
		write('lost');
		await world.clock.advance(1);
		faults.lose = 0;
		mark();
		write('next');
	},

	async firstPage({ world, clients, mark }: Scene) {
		fillLines(world.database);
		mark();
		for (const client of clients) for (const path of PAGED) client.watch(path, ['red']).open();
	},

	async furtherPage({ world, clients, mark }: Scene) {
		fillLines(world.database);
		const watches = clients.flatMap((client) => PAGED.map((path) => client.watch(path, ['red'])));
		for (const watch of watches) watch.open();
		await world.clock.advance(SHORT_MS);
		mark();
		for (const { list, stream } of watches) void list?.whileAsked(stream.loadMore());
	},

	async ephemeral({ clients, mark }: Scene) {
		mark();
		for (const client of clients) client.watch('app/presence', []).open();
	}
};

export const SCENARIO_NAMES = Object.keys(SCENARIOS) as Scenario[];

export async function runInjection(injection: Injection): Promise<InjectionResult> {
	const { seed, mode, scenario, maxDelayMs = 1 } = injection;
	const world = makeWorld(new Random(seed), mode, maxDelayMs);
	world.healed = true;
	world.losesBroadcasts = false;
	await world.startProcess();
	if (mode === 'cluster') await world.startProcess();
	const clients = [world.addClient('ann'), world.addClient('bob')];
	const write = writer(world);
	let written = 0;
	const inject = INJECTED[scenario] ?? ((): void => write(`injected${written++}`));
	const counter = new Counter(world, injection.moments, () => inject(world));
	const mark = (): void => counter.start();
	write('first');
	await SCENARIOS[scenario]({ world, clients, write, mark });
	await world.clock.advance(SHORT_MS);
	counter.stop();
	// Too short for a heartbeat, which would repair what the hand-over spoiled.
	await world.clock.advance(SHORT_MS);
	for (const client of clients) {
		for (const watch of client.watches.values()) {
			watch.check();
			watch.checkFinal();
		}
	}
	return { violation: world.violations[0] ?? null, steps: counter.steps };
}

function makeWorld(random: Random, mode: Mode, maxDelayMs: number): World {
	return new World({
		random,
		mode,
		weather: {
			maxLatencyMs: maxDelayMs,
			pauses: 0.7,
			maxPauseMs: maxDelayMs + 1,
			failingLoads: 0,
			cluster: { ...NO_FAULTS, maxDelayMs }
		},
		file: '',
		queueBytes: 2_000,
		windowBytes: 500,
		logEvents: 8,
		note: () => {}
	});
}

/** Any of the processes, and what it publishes. */
function anyProcess(world: World): { app: App } & Publishes {
	const { app, server } = world.random.pick(world.processes);
	const publish = (topic: TopicLike, event: string, data?: unknown): void => {
		void server.publisher.publish(topic, event, data);
	};
	return { app, publish };
}

/** Stores a row and publishes it. */
function writer(world: World): Write {
	return (name, size = 3) => {
		const { app, publish } = anyProcess(world);
		app.writeRow({ publish }, { room: 'red', id: name, text: 'x'.repeat(size) });
	};
}

function takeSeat(world: World): void {
	const { app, publish } = anyProcess(world);
	const seat = { key: world.name('seat'), version: world.database.nextVersion() };
	world.database.seats.set(seat.key, seat);
	publish(app.streams.presence.topic(), 'join', seat);
}

/** Now and then more lines come than fit a page. */
function changeLines(world: World): void {
	for (let count = world.random.pick([1, 1, 5]); count > 0; count--) {
		const { app, publish } = anyProcess(world);
		void app.change({ publish }, { ...someChange(world.random), room: 'red' });
	}
}

/** What is injected where it is no row. */
const INJECTED: Partial<Record<Scenario, (world: World) => void>> = {
	ephemeral: takeSeat,
	firstPage: changeLines,
	furtherPage: changeLines
};

/** Counts the callbacks of the loop, and the rounds of microtasks that follow each of them. */
class Counter {
	steps = 0;
	readonly #world: World;
	readonly #moments: Set<number>;
	readonly #inject: () => void;
	#running = false;

	constructor(world: World, moments: readonly number[], inject: () => void) {
		this.#world = world;
		this.#moments = new Set(moments);
		this.#inject = inject;
	}

	start(): void {
		this.#running = true;
		this.#world.clock.beforeEach = () => this.#rounds(ROUNDS);
		this.#rounds(ROUNDS);
	}

	stop(): void {
		this.#running = false;
		this.#world.clock.beforeEach = null;
	}

	#rounds(left: number): void {
		if (!this.#running || left === 0) return;
		if (this.#moments.has(this.steps++)) this.#inject();
		queueMicrotask(() => this.#rounds(left - 1));
	}
}
