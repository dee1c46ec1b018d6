// The application's live modules in a test: the real server and the real client, joined in memory. Nothing is mocked, no
// port is opened, and time stands still until the test moves it.

import { systemClock } from '../base/clock.ts';
import { MemoryStore } from '../backplanes/memory/memory-store.ts';
import { memory } from '../backplanes/memory/memory.ts';
import type { Limits } from '../protocol/limits.ts';
import type { AdmissionOptions } from '../server/admission.ts';
import type { Backplane } from '../server/backplane.ts';
import type { ErrorHook } from '../server/failure.ts';
import type { Publish } from '../server/publish.ts';
import { runtime } from '../server/runtime.ts';
import { LiveServer } from '../server/server.ts';
import type { Session, User } from '../server/session.ts';
import type { OnUnhandled } from '../server/signals-module.ts';
import type { TopicLike } from '../server/topic.ts';
import { TestClient } from './test-client.ts';
import { VirtualClock } from './virtual-clock.ts';

export interface TestEnvOptions extends AdmissionOptions {
	/** Takes messages that pages send with `sendMessage`. */
	onUnhandled?: OnUnhandled;
	/** Makes what keeps the history, anew after each `cleanup`. @default memory */
	backplane?: () => Backplane;
	/** Overrides of the server's limits. */
	limits?: Partial<Limits>;
	/** Told of every error that a client sees only as INTERNAL. @default prints it */
	onError?: ErrorHook;
}

export interface ConnectOptions {
	/** When the session ends, in milliseconds of the environment's time from now. @default never */
	expiresInMs?: number;
}

/** What lives from the first use to `cleanup`. */
interface Scene {
	readonly clock: VirtualClock;
	readonly server: LiveServer;
	readonly started: Promise<void>;
	readonly clients: Set<TestClient>;
	/** The server of the process before this one. */
	readonly before: LiveServer | null;
}

export class TestEnv {
	readonly #options: TestEnvOptions;
	#scene: Scene | null = null;
	/** Callbacks that wait for the event loop: what is on its way between clients and server. */
	#underWay = 0;

	constructor(options: TestEnvOptions = {}) {
		this.#options = options;
	}

	get #current(): Scene {
		return (this.#scene ??= this.#begin());
	}

	#begin(): Scene {
		const clock = new VirtualClock({ wallTime: systemClock.wallTime(), defer: (run) => this.#defer(run) });
		const {
			backplane = () => memory({}, new MemoryStore(clock)),
			limits,
			onError,
			rateLimit,
			overload,
			onUnhandled
		} = this.#options;
		const server = new LiveServer({
			backplane: backplane(),
			clock,
			...(limits && { limits }),
			...(onError && { onError }),
			...(rateLimit && { rateLimit }),
			...(overload && { overload }),
			...(onUnhandled && { onUnhandled })
		});
		const before = runtime().server;
		runtime().begin(server);
		return { clock, server, started: server.start(), clients: new Set(), before };
	}

	#defer(run: () => void): void {
		this.#underWay++;
		systemClock.defer(() => {
			this.#underWay--;
			run();
		});
	}

	/**
	 * Registers a live module, as the build does with each of the application's.
	 * @param moduleId what its functions' paths begin with, for example `lib/board`
	 * @throws {Error} where an export is no live definition
	 */
	register(moduleId: string, exports: object): void {
		void this.#current;
		runtime().register(moduleId, exports as Record<string, unknown>);
	}

	/**
	 * Connects a client of a user, which the application's own sign-in is not asked about.
	 * @param user what handlers find in `ctx.user`; null for an anonymous visitor
	 */
	connect(user: User | null, { expiresInMs }: ConnectOptions = {}): TestClient {
		const { clock, server, started, clients } = this.#current;
		const expires = expiresInMs === undefined ? {} : { expiresAt: clock.wallTime() + expiresInMs };
		// A visitor has no user, which the type of sessions leaves to the application to say.
		const session = { user, ...expires } as Session;
		const client = new TestClient({ clock, started, accept: (socket) => server.accept(socket, session) });
		clients.add(client);
		return client;
	}

	/** Publishes from outside a handler. */
	readonly publish: Publish<Promise<void>> = async (
		topic: TopicLike,
		event: string,
		data?: unknown
	): Promise<void> => {
		await this.#current.server.publisher.publish(topic, event, data);
	};

	/** Ends the sessions of a user, as the application does when it signs somebody out. */
	revoke(userId: unknown): Promise<void> {
		return this.#current.server.revoke(userId);
	}

	/** The time of day there, in milliseconds since the Unix epoch: it moves with `advance` only. */
	get now(): number {
		return this.#current.clock.wallTime();
	}

	/** The server under test, for what has no method here. */
	get server(): LiveServer {
		return this.#current.server;
	}

	/**
	 * Moves time on: throttles, heartbeats, expiries and reconnects that are due take place. Whatever they lead to has
	 * arrived when it returns.
	 */
	async advance(ms: number): Promise<void> {
		const { clock } = this.#current;
		const untilMs = clock.now() + ms;
		for (let due = clock.nextDueMs; due !== null && due <= untilMs; due = clock.nextDueMs) {
			await clock.advance(due - clock.now());
			await this.settle();
		}
		await clock.advance(untilMs - clock.now());
		await this.settle();
	}

	/**
	 * Returns when everything that is on its way between clients and server has arrived. It does not wait for what a
	 * handler awaits from elsewhere, such as a database: use `waitFor` of the stream for that.
	 */
	async settle(): Promise<void> {
		await this.#current.started;
		do await turn();
		while (this.#underWay > 0);
		await turn();
		if (this.#underWay > 0) await this.settle();
	}

	/** Ends every client and the server. The environment can be used again, and begins from nothing. */
	async cleanup(): Promise<void> {
		const scene = this.#scene;
		if (scene === null) return;
		await scene.started;
		for (const client of scene.clients) client.close();
		await this.settle();
		await scene.server.stop();
		runtime().server = scene.before;
		this.#scene = null;
	}
}

/** One pass of the event loop. */
const turn = (): Promise<void> => new Promise((resolve) => systemClock.defer(resolve));

/**
 * Makes an environment for tests of live modules.
 *
 * ```ts
 * const env = createTestEnv();
 * afterEach(() => env.cleanup());
 *
 * it('tells everybody of a new card', async () => {
 * 	env.register('lib/board', board);
 * 	const list = env.connect({ id: 'bob' }).subscribe(board.cards, 'b1');
 * 	await list.ready;
 * 	await env.connect({ id: 'ann' }).call(board.addCard, { boardId: 'b1', title: 'New' });
 * 	await list.waitFor((cards) => cards.length === 1);
 * });
 * ```
 */
export function createTestEnv(options: TestEnvOptions = {}): TestEnv {
	return new TestEnv(options);
}
