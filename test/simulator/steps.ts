// What may happen in a history: each step is one thing that a user, the application, the network or an operator does.

import { isLiveError } from '../../src/base/errors.ts';
import type { TopicLike } from '../../src/server/topic.ts';
import { loadPage } from './page-load.ts';
import { INVALIDATED_ROOM, ROOMS } from './database.ts';
import type { Watch } from './watch.ts';
import type { SimClient, World } from './world.ts';

interface CallName {
	id: string;
	path: string;
}

/** What came of a call. */
export interface CallRecord extends CallName {
	outcome: 'pending' | 'acknowledged' | 'failed';
}

const QUERY = 'app/look';
/** Within this time every process knows of it: the next look at the log, which may be slow and fail once or twice. */
const REVOKED_MS = 2_000;

const STREAMS: readonly (readonly [path: string, args: readonly string[]])[] = [
	...ROOMS.flatMap((room) => [['app/cards', [room]] as const, ['app/titles', [room]] as const]),
	['app/setting', []],
	...ROOMS.flatMap((room) => [
		['app/short', [room]] as const,
		['app/own', [room]] as const,
		['app/bare', [room]] as const
	]),
	['app/top', ['red']],
	['app/feed', []],
	['app/recent', []],
	['app/chat', []],
	['app/inbox', []],
	['app/greeting', []],
	['app/presence', []],
	['app/cursors', []]
];

export class Steps {
	readonly world: World;
	readonly calls: CallRecord[] = [];
	readonly #undo: (() => void)[] = [];

	constructor(world: World) {
		this.world = world;
	}

	/** Does one thing at random. */
	async step(): Promise<void> {
		const { random } = this.world;
		let ticket = random.below(TOTAL_WEIGHT);
		for (const [weight, name] of WEIGHTS) {
			ticket -= weight;
			if (ticket < 0) {
				this.world.note(() => `- ${name}`);
				await this[name]();
				return;
			}
		}
	}

	get #client(): SimClient {
		return this.world.random.pick(this.world.clients);
	}

	get #openWatch(): Watch | undefined {
		const open = this.world.clients.flatMap((client) =>
			[...client.watches.values()].filter((watch) => watch.isOpen)
		);
		return open.length > 0 ? this.world.random.pick(open) : undefined;
	}

	get #text(): string {
		return 'x'.repeat(this.world.random.pick([3, 3, 3, 200, 2_000]));
	}

	subscribe(): void {
		const [path, args] = this.world.random.pick(STREAMS);
		const watch = this.#client.watch(path, [...args]);
		this.world.note(() => `  ${watch.label}`);
		watch.open();
	}

	unsubscribe(): void {
		this.#openWatch?.close();
	}

	call(): void {
		const { random } = this.world;
		const client = this.#client;
		const id = this.world.name('k');
		const [path, args] = this.#randomCall(id);
		const signal = random.chance(0.05) ? this.#abortsSoon() : undefined;
		void this.track(client, { id, path }, client.client.call(path, args, { ...(signal && { signal }) }));
	}

	#randomCall(id: string): [path: string, args: unknown[]] {
		const { random } = this.world;
		const room = random.pick(ROOMS);
		const row = `r${random.below(6)}`;
		const calls: [number, string, unknown[]][] = [
			[8, 'put', [{ room, id: row, text: this.#text }]],
			[3, 'remove', [{ room, id: row, text: '' }]],
			[3, 'many', [{ room, id: '', text: this.#text }]],
			[4, 'post', [this.#text]],
			[2, 'note', []],
			[4, 'sit', [`s${random.below(3)}`]],
			[3, 'stand', [`s${random.below(3)}`]],
			[7, 'move', [`c${random.below(3)}`]],
			[1, 'refuse', []]
		];
		const tickets = calls.flatMap(([weight, name, args]) =>
			Array.from({ length: weight }, () => [name, args] as const)
		);
		const [name, args] = random.pick(tickets);
		return [`app/${name}`, [id, ...args]];
	}

	/** Asks what changes nothing: repeated after a lost connection, and answered once. */
	query(): void {
		const client = this.#client;
		const fresh = this.world.random.chance(0.5);
		const answer = client.client.query('app/look', [this.world.random.pick(ROOMS)], { fresh });
		void this.track(client, { id: this.world.name('q'), path: QUERY }, answer);
	}

	#abortsSoon(): AbortSignal {
		const controller = new AbortController();
		this.world.clock.setTimer(() => controller.abort(), this.world.random.below(30));
		return controller.signal;
	}

	/** Minds the outcome of a call. */
	track(client: SimClient, { id, path }: CallName, answer: Promise<unknown>): Promise<unknown> {
		const record: CallRecord = { id, path, outcome: 'pending' };
		this.calls.push(record);
		this.world.note(() => `  ${client.name} calls ${path} as ${id}`);
		answer.then(
			() => {
				record.outcome = 'acknowledged';
				const effects = this.world.database.effects.get(id) ?? 0;
				this.world.note(() => `${client.name} has the answer to ${id}`);
				if (effects !== 1 && path !== QUERY)
					this.world.violate(`${path} ${id} was acknowledged with ${effects} effects`);
			},
			(error: unknown) => {
				record.outcome = 'failed';
				this.world.note(() => `${client.name} has the error of ${id}: ${String(error)}`);
				if (!isLiveError(error)) this.world.violate(`${path} ${id} failed with ${String(error)}`);
			}
		);
		return answer;
	}

	batch(): void {
		const client = this.#client;
		const calls = Array.from({ length: 3 }, () => this.world.name('k')).map((id) => ({
			id,
			call: this.#randomCall(id)
		}));
		const answer = client.client.batch(
			() =>
				calls.map(({ id, call: [path, args] }) =>
					this.track(client, { id, path }, client.client.call(path, args))
				),
			{ sequential: this.world.random.chance(0.5) }
		);
		answer.catch(() => {});
	}

	/** Shows a row before the server knows of it. */
	mutate(): void {
		const watch = this.#openWatch;
		if (!watch || watch.list) return;
		const { client, args } = watch;
		const id = this.world.name('k');
		if (args.length > 0) {
			const room = String(args[0]);
			const row = `r${this.world.random.below(6)}`;
			const shown = { id: row, room, version: 0, text: 'mine' };
			watch.mutate('created', shown, () =>
				this.track(
					client,
					{ id, path: 'app/put' },
					client.client.call('app/put', [id, { room, id: row, text: 'mine' }])
				)
			);
		} else if (watch.path === 'app/setting') {
			watch.mutate('set', { number: -1 }, () =>
				this.track(
					client,
					{ id, path: 'app/many' },
					client.client.call('app/many', [id, { room: ROOMS[0], id: '', text: 'mine' }])
				)
			);
		}
	}

	optimistic(): void {
		const watch = this.#openWatch;
		if (!watch || watch.list || watch.args.length === 0) return;
		const shown = { id: `r${this.world.random.below(6)}`, room: watch.args[0], version: 0, text: 'guess' };
		this.undoLater(watch.optimistic(this.world.random.pick(['created', 'updated', 'deleted']), shown));
	}

	/** Something is shown early, until it is taken back. */
	undoLater(undo: () => void): void {
		this.#undo.push(undo);
	}

	takeBack(): void {
		this.#undo.splice(this.world.random.below(this.#undo.length + 1), 1)[0]?.();
	}

	takeAllBack(): void {
		for (const undo of this.#undo.splice(0)) undo();
	}

	refresh(): void {
		void this.#openWatch?.refresh();
	}

	/** A page that was rendered on the server goes on from there. */
	async hydrate(): Promise<void> {
		const { random, processes } = this.world;
		if (processes.length === 0) return;
		const client = this.#client;
		const [path, args] = random.pick(STREAMS);
		const snapshot = await loadPage(this.world, random.pick(processes), {
			path,
			args: [...args],
			user: client.user
		});
		if (snapshot === null) return;
		client.watch(path, [...args]).open(snapshot);
	}

	/** The application publishes by itself, outside of any call. */
	publish(): void {
		const { random, processes, database } = this.world;
		if (processes.length === 0) return;
		const process = random.pick(processes);
		const { publisher } = process.server;
		const publish = (topic: TopicLike, event: string, data?: unknown): void => {
			void publisher.publish(topic, event, data);
		};
		const room = random.pick(ROOMS);
		const count = random.pick([1, 1, 1, 12]);
		for (let index = 0; index < count; index++) {
			process.app.writeRow({ publish }, { room, id: `p${random.below(3)}`, text: this.#text });
		}
		if (random.chance(0.3))
			publish(process.app.streams.greeting.topic(), 'nothing', { number: database.nextVersion() });
	}

	/** A row of one room changes without an event: whoever reads it loads anew. */
	invalidate(): void {
		const { random, processes } = this.world;
		if (processes.length === 0) return;
		const { app, server } = random.pick(processes);
		const topic = app.streams.cards.topic(INVALIDATED_ROOM);
		app.rewrite(INVALIDATED_ROOM);
		void server.publisher.invalidate(topic, null);
	}

	cut(): void {
		this.#client.connection?.cut();
	}

	silence(): void {
		this.#client.connection?.silence();
	}

	stall(): void {
		const client = this.#client;
		client.stalled = true;
		client.connection?.stall();
	}

	flow(): void {
		for (const client of this.world.clients) {
			client.stalled = false;
			for (const connection of client.connections) connection.flow();
		}
	}

	offline(): void {
		const client = this.#client;
		client.online = false;
		client.connection?.silence();
		client.sense('offline');
	}

	online(): void {
		for (const client of this.world.clients) {
			if (!client.online) client.sense('online');
			client.online = true;
		}
	}

	reconnect(): void {
		this.#client.client.reconnect();
	}

	closeClient(): void {
		const client = this.#client;
		client.client.close();
		client.client.reconnect();
	}

	async crash(): Promise<void> {
		await this.world.random.pick(this.world.processes).crash();
		await this.world.startProcess();
	}

	async restart(): Promise<void> {
		await this.world.random.pick(this.world.processes).leave();
		await this.world.startProcess();
	}

	reload(): void {
		const process = this.world.random.pick(this.world.processes);
		process.server.registry.register('app', process.app.exports);
		process.server.refresh('app');
	}

	loseLog(): void {
		if (this.world.options.mode === 'cluster') this.world.cluster.loseLog();
	}

	ban(): void {
		const { user } = this.#client;
		this.world.database.bannedSince.set(user, this.#revoke(user));
	}

	refuseRoom(): void {
		const { user } = this.#client;
		const right = `${user} ${this.world.random.pick(ROOMS)}`;
		if (!this.world.database.granted.delete(right)) return;
		this.world.database.refusedSince.set(right, this.#revoke(user));
	}

	/** On one process: the others hear of it. Returns from when on nobody may be told anything any more. */
	#revoke(user: string): number {
		const { world } = this;
		const { server } = world.random.pick(world.processes);
		server.revoke(user).catch((error: unknown) => world.violate(`revoke failed: ${String(error)}`));
		return world.clock.now() + (world.isSpread ? REVOKED_MS : 0);
	}

	/** Everybody may do everything again. */
	pardon(): void {
		const { database, clients } = this.world;
		for (const right of database.refusedSince.keys()) database.granted.add(right);
		database.refusedSince.clear();
		const banned = clients.filter(({ user }) => database.bannedSince.has(user));
		database.bannedSince.clear();
		for (const { client } of banned) if (client.status.state === 'refused') client.reconnect();
	}

	async wait(): Promise<void> {
		await this.world.clock.advance(this.world.random.between(1_000, 40_000));
	}
}

type StepName = Exclude<
	{ [Key in keyof Steps]: Steps[Key] extends () => void | Promise<void> ? Key : never }[keyof Steps],
	'step'
>;

/** How often each step comes, relative to the others. */
const WEIGHTS: readonly (readonly [number, StepName])[] = [
	[50, 'call'],
	[25, 'subscribe'],
	[9, 'unsubscribe'],
	[20, 'publish'],
	[8, 'mutate'],
	[4, 'optimistic'],
	[4, 'takeBack'],
	[3, 'batch'],
	[4, 'query'],
	[3, 'refresh'],
	[2, 'hydrate'],
	[7, 'cut'],
	[3, 'silence'],
	[6, 'stall'],
	[8, 'flow'],
	[2, 'offline'],
	[9, 'online'],
	[2, 'reconnect'],
	[1, 'closeClient'],
	[2, 'crash'],
	[1, 'restart'],
	[1, 'reload'],
	[2, 'loseLog'],
	[1, 'ban'],
	[1, 'refuseRoom'],
	[10, 'pardon'],
	[3, 'invalidate'],
	[4, 'wait']
];
const TOTAL_WEIGHT = WEIGHTS.reduce((sum, [weight]) => sum + weight, 0);
