// The server of one process: accepts connections from any transport, and stops without losing an acknowledged effect.

import { systemClock, type Clock } from '../base/clock.ts';
import { LiveError } from '../base/errors.ts';
import { randomName } from '../base/random.ts';
import type { LiveSnapshot } from '../base/surface.ts';
import type { Limits } from '../protocol/limits.ts';
import { PAGES } from '../protocol/pages.ts';
import { SIGNALS } from '../protocol/signals.ts';
import type { Backplane, BackplaneStatus, Delivery } from './backplane.ts';
import { Admission, type AdmissionOptions } from './admission.ts';
import { ConnectionList } from './connection-list.ts';
import { Connection } from './connection.ts';
import { drain } from './drain.ts';
import { goingAway, printError, safeHook, type ErrorHook } from './failure.ts';
import { FeatureList } from './feature-list.ts';
import { ServerGauges } from './gauges.ts';
import { Heartbeats } from './heartbeats.ts';
import { Hub } from './hub.ts';
import { loadOnce } from './load-once.ts';
import type { ConnectionState, LiveConnection } from './live-connection.ts';
import { observedBackplane } from './observed-backplane.ts';
import { joinObservers, type Gauges, type Observer } from './observer.ts';
import { Pacer } from './pacer.ts';
import { Pass } from './pass.ts';
import type { Operations } from './processes/operations.ts';
import { LiveProcess } from './processes/process.ts';
import { Revocations } from './processes/revocations.ts';
import { isSystemTopic } from './processes/system-topic.ts';
import { Publisher } from './publisher.ts';
import { Quiet } from './quiet.ts';
import type { Readiness } from './readiness.ts';
import { isExpired, refuse, sessionRefusal } from './refusal.ts';
import { Registry } from './registry.ts';
import { operationsOf } from './report.ts';
import { limitsFrom } from './server-limits.ts';
import type { ServerParts } from './server-parts.ts';
import type { ServiceHost } from './service.ts';
import { Services } from './services.ts';
import type { Session } from './session.ts';
import { pagesModule } from './pages-module.ts';
import { signalsModule, type OnUnhandled } from './signals-module.ts';
import type { SocketEvents, TransportSocket } from './transport.ts';

export interface ServerOptions extends AdmissionOptions {
	/** What joins the processes. */
	backplane: Backplane;
	/** Overrides of {@link DEFAULT_LIMITS}. */
	limits?: Partial<Limits>;
	/** Told of every error that a client sees only as INTERNAL. @default prints it */
	onError?: ErrorHook;
	/** Takes messages of pages that are neither calls nor streams. @default they are refused, which `onError` is told */
	onUnhandled?: OnUnhandled;
	/** Told of what the server does: metrics, traces. */
	observer?: Observer | readonly Observer[];
	/** @default the runtime's clock */
	clock?: Clock;
	/** Names of connections and of the process; injected by tests. @default random */
	randomName?: () => string;
	/** Numbers in [0, 1), for spreading reconnects. @default Math.random */
	random?: () => number;
}

/** Reconnects after a shutdown are spread over this time. */
const RECONNECT_SPREAD_MS = 5_000;
/** How long running calls may take to finish when the server drains. */
export const DEFAULT_DRAIN_MS = 10_000;

export class LiveServer {
	readonly registry = new Registry();
	readonly limits: Limits;
	readonly #options: ServerOptions;
	readonly #clock: Clock;
	readonly #pacer: Pacer;
	readonly #parts: ServerParts;
	readonly #connections = new ConnectionList();
	readonly #heartbeats: Heartbeats;
	readonly #revocations: Revocations;
	/** For whoever operates the application: all its processes. */
	readonly operations: Operations;
	readonly #pass: Pass;
	#started = false;
	#draining = false;
	#drained: Promise<void> | null = null;
	#status: BackplaneStatus = { available: true, reason: null };
	/** Whether handlers or services were still running when they were ended. */
	#interrupted = false;
	readonly #quiet: Quiet;
	readonly #services: Services;

	constructor(options: ServerOptions) {
		this.#options = options;
		this.limits = limitsFrom(options.limits);
		this.#clock = options.clock ?? systemClock;
		this.#pacer = new Pacer(this.#clock);
		this.#quiet = new Quiet(this.#clock);
		this.#pass = new Pass(this.#clock, () => this.#parts);
		this.#parts = this.#makeParts();
		this.registry.register(SIGNALS.module, signalsModule(options.onUnhandled));
		this.registry.register(PAGES.module, pagesModule());
		this.#services = new Services(this.#parts);
		this.#revocations = this.#makeRevocations();
		this.operations = operationsOf(this.#parts, this);
		this.#heartbeats = new Heartbeats(this.#clock, this.limits, () => this.#parts.hub.check());
		this.#parts.observer?.attached?.(this.gauges);
	}

	#makeParts(): ServerParts {
		const onError = safeHook(this.#options.onError ?? printError);
		const report = (error: unknown): void => onError('', error, null);
		const observer = joinObservers(this.#options.observer, report);
		const configured = this.#options.backplane;
		const backplane = observer === null ? configured : observedBackplane(configured, observer, this.#clock);
		const isDraining = (): boolean => this.#draining;
		const id = (this.#options.randomName ?? randomName)();
		return {
			clock: this.#clock,
			limits: this.limits,
			registry: this.registry,
			admission: new Admission(this.#clock, this.#options),
			features: new FeatureList(() => this.#parts),
			hub: new Hub(backplane, report, { needsFlush: () => this.#pass.schedule(), observer }),
			backplane,
			process: new LiveProcess({ backplane, clock: this.#clock, id, onError: report }),
			publisher: new Publisher(backplane, this.#pacer, report),
			onError,
			observer,
			get draining() {
				return isDraining();
			},
			flushSoon: (connection, sinceMs) => this.#pass.add(connection, sinceMs),
			stateChanged: (connection, state) => this.#stateChanged(connection, state),
			callsDone: () => this.#quiet.changed(),
			handling: (outcome) => this.#quiet.count(outcome),
			streamOpened: (path, args) => this.#services.opened(path, args),
			streamClosed: (path, args) => this.#services.closed(path, args)
		};
	}

	#makeRevocations(): Revocations {
		const { backplane, hub, onError } = this.#parts;
		return new Revocations({
			backplane,
			hub,
			clock: this.#clock,
			onRevoked: (userId) => this.#revoked(userId),
			onUnknown: () => this.#askAllAnew(),
			onError: (error) => onError('', error, null)
		});
	}

	/** For features that are used where no handler runs. */
	get features(): FeatureList<ServerParts> {
		return this.#parts.features;
	}

	/** Publishes from outside a handler. */
	get publisher(): Publisher {
		return this.#parts.publisher;
	}

	/** What features stand on, for those that run outside a handler. */
	get host(): ServiceHost {
		return this.#parts;
	}

	get connections(): ReadonlySet<LiveConnection> {
		return this.#connections.all;
	}

	/** Topics that a stream of this process reads. */
	get topicCount(): number {
		return this.#parts.hub.size - this.#revocations.topics;
	}

	/** The name of this process among those of the application: another one each time it starts. */
	get processId(): string {
		return this.#parts.process.roster.id;
	}

	/** What it has at this moment. */
	get gauges(): Gauges {
		return new ServerGauges(this.#parts, this);
	}

	/** Whether new connections are welcome here, for a load balancer that asks. */
	get readiness(): Readiness {
		if (!this.#started) return { ready: false, state: 'starting', reason: 'the server has not been started' };
		if (this.#draining) return { ready: false, state: 'draining', reason: 'the server is shutting down' };
		const { available, reason } = this.#status;
		return { ready: available, state: available ? 'ready' : 'no-backplane', reason };
	}

	/** Whether the backplane can be reached, as far as is known. */
	get isBackplaneThere(): boolean {
		return this.#status.available;
	}

	async start(): Promise<void> {
		const { hub, process } = this.#parts;
		const deliver = (delivery: Delivery): void => {
			if (!isSystemTopic(delivery.topic) || !process.receive(delivery)) hub.receive(delivery);
		};
		await this.#options.backplane.start(deliver, (status) => this.#statusChanged(status));
		await process.start();
		await Promise.all([this.#revocations.start(), this.operations.start()]);
		this.#heartbeats.start();
		await this.#services.start();
		this.#started = true;
	}

	#statusChanged(status: BackplaneStatus): void {
		this.#status = status;
		this.#parts.observer?.backplaneChanged?.(status.available);
		// What was delivered meanwhile may be lost.
		if (!status.available) return;
		this.#parts.hub.check();
		this.#parts.features.backplaneBack();
	}

	/**
	 * Takes a connection. The transport reports to what this returns.
	 * @param session who it is; null where the application knows nobody: the connection is refused with UNAUTHORIZED
	 */
	accept(socket: TransportSocket, session: Session | null): SocketEvents {
		const refusal = this.#refusalOf(session);
		if (refusal !== null) return refuse(socket, refusal);
		const name = (this.#options.randomName ?? randomName)();
		const connection = new Connection(this.#parts, socket, { id: name, session: session as Session });
		this.#add(connection);
		return connection;
	}

	/**
	 * Takes in a connection that speaks another protocol: it counts as one of its user's, and ends with its session and with the
	 * server. Returns what it shares with the others.
	 * @throws {LiveError} where it is not welcome
	 */
	adopt(connection: LiveConnection): ServerParts {
		const refusal = this.#refusalOf(connection.session);
		if (refusal !== null) throw refusal;
		this.#add(connection);
		return this.#parts;
	}

	#add(connection: LiveConnection): void {
		this.#connections.add(connection);
		this.#heartbeats.add(connection);
		this.#parts.observer?.connectionOpened?.();
	}

	#refusalOf(session: Session | null): LiveError | null {
		const refusal = this.#whyNot(session);
		if (refusal !== null) this.#parts.observer?.connectionRefused?.(refusal.code);
		return refusal;
	}

	#whyNot(session: Session | null): LiveError | null {
		if (this.#draining) return this.#spreadGoodbye();
		if (session === null || isExpired(session, this.#clock)) return sessionRefusal(session);
		const { connectionsPerUser } = this.limits;
		if (this.#connections.count(session) < connectionsPerUser) return null;
		const message = `the user has ${connectionsPerUser} connections; the limit is "connectionsPerUser"`;
		return new LiveError('TOO_MANY', message, { retryAfterMs: RECONNECT_SPREAD_MS });
	}

	#stateChanged(connection: LiveConnection, state: ConnectionState): void {
		if (state !== 'closed') return;
		this.#connections.remove(connection);
		this.#heartbeats.remove(connection);
		this.#parts.features.connectionClosed(connection.id);
		this.#quiet.changed();
	}

	/** After a hot reload: every open stream of the module is authorised and loaded anew. */
	refresh(moduleId: string): void {
		for (const connection of this.#connections.all) connection.reload(moduleId);
	}

	/**
	 * Ends the connections of a user: they connect again at once, and are asked who they are.
	 * On this process that happens at once; resolves when every other one will do the same within a second.
	 * @param userId the `id` of `session.user`
	 * @throws {LiveError} UNAVAILABLE where the other processes cannot be told
	 */
	revoke(userId: unknown): Promise<void> {
		return this.#revocations.revoke(userId);
	}

	#revoked(userId: unknown): void {
		const error = new LiveError('SESSION_EXPIRED', 'the session was revoked');
		for (const connection of this.#connections.of(userId)) connection.goodbye(error);
	}

	/** Whoever was revoked must not go on: everybody is asked anew who they are, not all at once. */
	#askAllAnew(): void {
		for (const connection of [...this.#connections.all]) {
			const retryAfterMs = Math.floor(this.#random() * RECONNECT_SPREAD_MS);
			connection.goodbye(new LiveError('UNAVAILABLE', 'sessions are checked anew', { retryAfterMs }));
		}
	}

	/**
	 * Loads a stream without a connection, for rendering on the server. Guards and access rules apply. Goes on while the
	 * server drains: a page that is being rendered then is still served.
	 */
	async loadStream(path: string, session: Session | null, args: unknown[]): Promise<LiveSnapshot<unknown>> {
		if (session === null || isExpired(session, this.#clock)) throw sessionRefusal(session);
		return loadOnce(this.#parts, { path, session, args });
	}

	/**
	 * Shuts down in order: refuses new work, lets running calls finish, then says goodbye with a spread of reconnect
	 * delays. Returns when every connection has closed. A second call waits for what the first one began.
	 */
	drain(graceMs: number = DEFAULT_DRAIN_MS): Promise<void> {
		this.#drained ??= this.#drain(graceMs);
		return this.#drained;
	}

	async #drain(graceMs: number): Promise<void> {
		this.#draining = true;
		this.#parts.features.draining();
		const parts = { clock: this.#clock, pacer: this.#pacer, quiet: this.#quiet, services: this.#services };
		const goodbye = (): LiveError => this.#spreadGoodbye();
		this.#interrupted = !(await drain({ ...parts, connections: this.#connections.all, goodbye }, graceMs));
	}

	#spreadGoodbye(): LiveError {
		return goingAway(Math.floor(this.#random() * RECONNECT_SPREAD_MS));
	}

	#random(): number {
		return (this.#options.random ?? Math.random)();
	}

	/** Releases timers and the backplane. Call `drain` first, unless nobody is connected. */
	async stop(): Promise<void> {
		this.#heartbeats.stop();
		for (const connection of [...this.#connections.all]) connection.goodbye(goingAway());
		this.#revocations.stop();
		this.operations.stop();
		await this.#parts.features.stop();
		const finished = await this.#services.stop(AbortSignal.abort());
		await this.#parts.process.stop();
		await this.#options.backplane.stop(finished && !this.#interrupted && this.#quiet.handlers === 0);
	}
}
