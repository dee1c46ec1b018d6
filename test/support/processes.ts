// Several processes of an application on one clock, joined by a network under full control of a test: each a server, with
// real clients. A process that is killed says nothing more and does nothing more.
import type { Clock, Timer } from '../../src/base/clock.ts';
import type { Backplane } from '../../src/server/backplane.ts';
import { runtime } from '../../src/server/runtime.ts';
import { LiveServer } from '../../src/server/server.ts';
import type { Session } from '../../src/server/session.ts';
import type { SocketEvents, TransportSocket } from '../../src/server/transport.ts';
import { FaultyCluster, NO_FAULTS, type ClusterFaults } from '../../src/testing/faulty-cluster.ts';
import { Random } from '../../src/testing/random.ts';
import { TestClient } from '../../src/testing/test-client.ts';
import { VirtualClock } from '../../src/testing/virtual-clock.ts';
import { mortal } from './mortal.ts';

/** Ends with its process. */
class ProcessClock implements Clock {
	readonly #clock: Clock;
	isOver = false;

	constructor(clock: Clock) {
		this.#clock = clock;
	}

	now = (): number => this.#clock.now();
	wallTime = (): number => this.#clock.wallTime();
	clearTimer = (timer: Timer): void => this.#clock.clearTimer(timer);
	setTimer = (run: () => void, ms: number): Timer => this.#clock.setTimer(() => this.isOver || run(), ms);
	defer = (run: () => void): void => this.#clock.defer(() => this.isOver || run());
}

export class TestProcess {
	readonly server: LiveServer;
	readonly #clock: ProcessClock;
	readonly #shared: VirtualClock;
	readonly #backplane: Backplane;
	readonly #clients = new Set<TestClient>();

	constructor(shared: VirtualClock, backplane: Backplane, onError: (error: unknown) => void) {
		this.#shared = shared;
		this.#clock = new ProcessClock(shared);
		this.#backplane = backplane;
		this.server = new LiveServer({
			backplane: mortal(backplane, this.#clock),
			clock: this.#clock,
			onError: (_, error) => this.#clock.isOver || onError(error)
		});
	}

	/** A client of a user; null for a visitor. */
	connect(user: object | null): TestClient {
		const accept = (socket: TransportSocket) => this.#accept(socket, { user } as Session);
		const client = new TestClient({ clock: this.#shared, started: Promise.resolve(), accept });
		this.#clients.add(client);
		return client;
	}

	/** A process that was killed does not see its connections end. */
	#accept(socket: TransportSocket, session: Session): SocketEvents {
		const events = this.server.accept(socket, session);
		return {
			message: (data) => this.#clock.isOver || events.message(data),
			drained: () => this.#clock.isOver || events.drained(),
			closed: (code, reason) => this.#clock.isOver || events.closed(code, reason)
		};
	}

	/** Runs something as this process does that has no context to say which process it is on. */
	run<Result>(what: () => Result): Result {
		const before = runtime().server;
		runtime().server = this.server;
		try {
			return what();
		} finally {
			runtime().server = before;
		}
	}

	/** As SIGKILL does. */
	async kill(): Promise<void> {
		this.#clock.isOver = true;
		await this.#backplane.stop();
		for (const client of this.#clients) client.disconnect();
		await this.#shared.settle();
	}

	/** As SIGTERM does. */
	async stop(): Promise<void> {
		const stopped = this.server.drain(0).then(() => this.server.stop());
		await this.#shared.advance(100);
		await stopped;
		this.#clock.isOver = true;
	}
}

export class Processes {
	readonly clock = new VirtualClock();
	readonly faults: ClusterFaults = { ...NO_FAULTS };
	/** What the log of the application would hold. */
	readonly errors: unknown[] = [];
	readonly #network = new FaultyCluster({ clock: this.clock, random: new Random(1), faults: this.faults });
	readonly #modules: Record<string, Record<string, unknown>>;

	constructor(modules: Record<string, Record<string, unknown>>) {
		this.#modules = modules;
	}

	/** One more process, started. */
	async begin(): Promise<TestProcess> {
		const process = new TestProcess(this.clock, this.#network.member(), (error) => this.errors.push(error));
		for (const [id, exports] of Object.entries(this.#modules)) process.server.registry.register(id, exports);
		const started = process.server.start();
		await this.clock.settle();
		await started;
		return process;
	}

	advance(ms: number): Promise<void> {
		return this.clock.advance(ms);
	}

	settle(): Promise<void> {
		return this.clock.settle();
	}
}
