// What may happen in a history: each step is one thing that a user, an operator, the network, a machine or the service does.

import { setTimeout as delay } from 'node:timers/promises';
import { ROOMS, type TortureClient } from './client.ts';
import { DIRECTIONS, type Proxy } from './proxy.ts';
import type { Server } from './server.ts';
import type { CallRecord, World } from './world.ts';

/** Kinds of trouble that a history has or does not have. */
export const TROUBLES = ['clients', 'processes', 'network', 'service', 'loss', 'access'] as const;
export type Trouble = (typeof TROUBLES)[number];

export class Steps {
	readonly #world: World;
	readonly #names: readonly StepName[];
	/** Whether the service is being killed or stopped. */
	#busyService = false;
	#hasCopy = false;

	constructor(world: World, troubles: ReadonlySet<Trouble>) {
		this.#world = world;
		this.#names = WEIGHTS.flatMap(([weight, name, trouble]) =>
			trouble === null || troubles.has(trouble) ? Array.from({ length: weight }, () => name) : []
		);
	}

	/** Does one thing at random. */
	async step(): Promise<void> {
		const name = this.#world.random.pick(this.#names);
		this.#world.note(`- ${name}`);
		await this[name]();
	}

	get #client(): TortureClient {
		return this.#world.random.pick(this.#world.clients);
	}

	/** Whoever may act. */
	get #writer(): TortureClient {
		return this.#world.random.pick(this.#world.clients.filter(({ user }) => user === 'ann' || user === 'bob'));
	}

	get #proxy(): Proxy {
		return this.#world.random.pick(this.#world.proxies);
	}

	/** A process that runs and is not stopped, with its place. */
	get #slot(): [number, Server] | undefined {
		const { servers, random } = this.#world;
		const slots = servers.flatMap((server, slot): [number, Server][] =>
			server === null || server.frozen ? [] : [[slot, server]]
		);
		return slots.length > 0 ? random.pick(slots) : undefined;
	}

	/** Does something after a while, unless it is done by then. */
	#later(lowMs: number, highMs: number, run: () => void | Promise<void>): void {
		const ms = this.#world.random.between(lowMs, highMs);
		this.#world.meanwhile(async () => {
			await delay(ms);
			await run();
		});
	}

	put(): void {
		const room = this.#world.random.pick(ROOMS);
		const text = 'x'.repeat(this.#world.random.pick([3, 3, 3, 300, 3_000]));
		this.#call({ id: this.#world.name('c'), kind: 'put', row: this.#world.name('r'), room }, text);
	}

	burst(): void {
		for (let count = this.#world.random.between(5, 30); count > 0; count--) this.put();
	}

	/** Only what is known to be published is removed: of what is under way, nobody could say what comes last. */
	remove(): void {
		const { calls, random } = this.#world;
		const removed = new Set(calls.filter(({ kind }) => kind === 'remove').map(({ row }) => row));
		const rows = calls.filter(({ kind, outcome, row }) => {
			return kind === 'put' && outcome === 'acknowledged' && !removed.has(row);
		});
		if (rows.length === 0) return;
		const { row, room } = random.pick(rows);
		this.#call({ id: this.#world.name('c'), kind: 'remove', row, room }, '');
	}

	say(): void {
		this.#call({ id: this.#world.name('c'), kind: 'say', row: '', room: '' }, '');
	}

	#call(call: Omit<CallRecord, 'outcome'>, text: string): void {
		const { client, name } = this.#writer;
		const record: CallRecord = { ...call, outcome: 'pending' };
		this.#world.calls.push(record);
		this.#world.note(`  ${name} calls ${call.kind} ${call.room} ${call.row} as ${call.id}`);
		const row = { room: call.room, id: call.row, text };
		client.call(`app/${call.kind}`, call.kind === 'say' ? [call.id] : [call.id, row]).then(
			() => {
				record.outcome = 'acknowledged';
				this.#world.note(`  ${call.id} is acknowledged`);
			},
			(error: unknown) => {
				record.outcome = 'failed';
				this.#world.note(`  ${call.id} failed: ${String(error)}`);
			}
		);
	}

	drop(): void {
		this.#client.drop();
	}

	stall(): void {
		const client = this.#client;
		client.stall();
		this.#later(100, 1_000, () => client.flow());
	}

	move(): void {
		this.#client.move(this.#world.random.below(this.#world.servers.length));
	}

	killServer(): void {
		const chosen = this.#slot;
		if (!chosen) return;
		const [slot, server] = chosen;
		const { random } = this.#world;
		this.#world.servers[slot] = null;
		this.#world.kills++;
		const restartMs = random.between(50, 600);
		this.#world.meanwhile(async () => {
			await server.kill();
			this.#world.disturbedMs = performance.now();
			this.#world.note(`${server.name} was killed`);
			await delay(restartMs);
			await this.#world.startServer(slot);
		});
	}

	leaveServer(): void {
		const chosen = this.#slot;
		if (!chosen) return;
		const [slot, server] = chosen;
		this.#world.servers[slot] = null;
		this.#world.meanwhile(async () => {
			// In an outage it may be told of failures while it leaves; it has to end all the same.
			const code = await server.leave().catch((error: unknown) => String(error));
			this.#world.note(`${server.name} left: ${code}`);
			await server.kill();
			await this.#world.startServer(slot);
		});
	}

	freezeServer(): void {
		const chosen = this.#slot;
		if (!chosen) return;
		const [, server] = chosen;
		server.freeze();
		this.#world.note(`  ${server.name}`);
		this.#later(100, 1_200, () => server.thaw());
	}

	slow(): void {
		const proxy = this.#proxy;
		proxy.delay(this.#world.random.pick([5, 30, 200]));
		this.#later(300, 1_500, () => proxy.delay(0));
	}

	slice(): void {
		const proxy = this.#proxy;
		proxy.slice(this.#world.random.pick([1, 7, 100]));
		this.#later(300, 1_500, () => proxy.slice(0));
	}

	/** Nothing gets through in one direction, and nobody is told. */
	partition(): void {
		this.#hold([this.#world.random.pick(DIRECTIONS)]);
	}

	/** Nothing gets through at all: a machine that is gone, and a router that tells nobody. */
	halfOpen(): void {
		this.#hold(DIRECTIONS);
	}

	#hold(directions: readonly ('up' | 'down')[]): void {
		const proxy = this.#proxy;
		const how = this.#world.random.pick(['release', 'reset'] as const);
		proxy.hold(...directions);
		this.#world.note(`  ${this.#world.proxies.indexOf(proxy)} ${directions.join(' ')}, then ${how}`);
		this.#later(100, 2_500, () => {
			proxy.heal(how);
			this.#world.disturbedMs = performance.now();
		});
	}

	reset(): void {
		this.#proxy.reset();
	}

	endConnections(): void {
		this.#proxy.end();
	}

	killService(): void {
		this.#disturbService(async (service) => {
			await service.kill();
			await delay(this.#world.random.between(20, 600));
			await service.start();
		});
	}

	freezeService(): void {
		this.#disturbService(async (service) => {
			await service.freeze();
			await delay(this.#world.random.between(100, 2_000));
			await service.thaw();
		});
	}

	keepService(): void {
		this.#disturbService(async (service) => {
			await service.keep();
			this.#hasCopy = true;
		});
	}

	/** It comes back with nothing, or with what it had earlier. */
	loseService(): void {
		const what = this.#hasCopy && this.#world.random.chance(0.6) ? 'since' : 'all';
		this.#disturbService(async (service) => {
			await service.kill();
			this.#world.note(`the service loses ${what}`);
			service.lose(what);
			await service.start();
		});
	}

	#disturbService(run: (service: World['options']['service']) => Promise<void>): void {
		if (this.#busyService) return;
		this.#busyService = true;
		this.#world.meanwhile(async () => {
			await run(this.#world.options.service);
			this.#world.note('the service serves');
			this.#world.disturbedMs = performance.now();
			this.#busyService = false;
		});
	}

	ban(): void {
		if (!this.#world.isDenied('eve', 'connect')) this.#world.meanwhile(() => this.#world.deny('eve', 'connect'));
	}

	refuseRoom(): void {
		if (!this.#world.isDenied('dan', 'red')) this.#world.meanwhile(() => this.#world.deny('dan', 'red'));
	}

	async wait(): Promise<void> {
		await delay(this.#world.random.between(50, 400));
	}
}

type StepName = Exclude<
	{ [Key in keyof Steps]: Steps[Key] extends () => void | Promise<void> ? Key : never }[keyof Steps],
	'step'
>;

/** How often each step comes, relative to the others, and what kind of trouble it is. */
const WEIGHTS: readonly (readonly [number, StepName, Trouble | null])[] = [
	[40, 'put', null],
	[4, 'burst', null],
	[10, 'remove', null],
	[14, 'say', null],
	[4, 'wait', null],
	[5, 'drop', 'clients'],
	[3, 'stall', 'clients'],
	[4, 'move', 'clients'],
	[3, 'killServer', 'processes'],
	[1, 'leaveServer', 'processes'],
	[4, 'freezeServer', 'processes'],
	[3, 'slow', 'network'],
	[2, 'slice', 'network'],
	[4, 'partition', 'network'],
	[2, 'halfOpen', 'network'],
	[2, 'reset', 'network'],
	[1, 'endConnections', 'network'],
	[2, 'killService', 'service'],
	[2, 'freezeService', 'service'],
	[1, 'keepService', 'loss'],
	[2, 'loseService', 'loss'],
	[2, 'ban', 'access'],
	[2, 'refuseRoom', 'access']
];
