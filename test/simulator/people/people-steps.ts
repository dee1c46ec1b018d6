// What people, the network and an operator do in a history about people.

import { isLiveError } from '../../../src/base/errors.ts';
import type { SimClient } from '../world.ts';
import type { Receipt } from './people-app.ts';
import { ROLES, ROOMS, type GroupName, type People } from './people.ts';
import type { Reader } from './reader.ts';
import { processKilled, processStops } from './truth.ts';

const KEYS = ['tea', 'bread', 'wine', 'salt'];

export class PeopleSteps {
	readonly #people: People;
	/** Calls that have no answer yet. */
	readonly pending = new Set<string>();
	/** What was answered to whom, by what was asked. */
	readonly #answers = new Map<string, string>();
	/** What was asked for by one key. */
	readonly #amounts = new Map<string, Set<number>>();

	constructor(people: People) {
		this.#people = people;
	}

	/** Does one thing at random. */
	async step(): Promise<void> {
		const { world } = this.#people;
		let ticket = world.random.below(TOTAL_WEIGHT);
		for (const [weight, name] of WEIGHTS) {
			ticket -= weight;
			if (ticket >= 0) continue;
			world.note(() => `- ${name}`);
			return this[name]();
		}
	}

	get #client(): SimClient {
		const { world } = this.#people;
		return world.random.pick(world.clients);
	}

	get #here(): Reader {
		return this.#people.of(this.#client).here.get(this.#people.world.random.pick(ROOMS)) as Reader;
	}

	come(): void {
		this.#here.open();
	}

	go(): void {
		this.#here.close();
	}

	feel(): void {
		const { random } = this.#people.world;
		const client = this.#client;
		void this.#ask(client, 'here/update', [random.pick(ROOMS), client.name, { mood: random.below(100) }]);
	}

	enterClub(): void {
		this.#people.of(this.#client).club.open();
	}

	leaveClub(): void {
		this.#people.of(this.#client).club.close();
	}

	async joinTeam(): Promise<void> {
		const client = this.#client;
		const joining = this.#ask(client, 'join', [client.name, this.#people.world.random.pick(ROLES)]);
		void joining.then((isIn) => isIn === true && this.#people.of(client).team.open());
	}

	leaveTeam(): void {
		const client = this.#client;
		this.#people.of(client).team.close();
		void this.#ask(client, 'leave', []);
	}

	hang(): void {
		this.#people.of(this.#client).team.close();
	}

	say(): void {
		const { random, processes } = this.#people.world;
		const name = random.pick<GroupName>(['club', 'team']);
		this.#people.say(random.pick(processes), name, random.pick([null, ...ROLES]));
	}

	pay(): void {
		const { random } = this.#people.world;
		const client = this.#client;
		void this.payWith(client, random.pick(KEYS), random.chance(0.1) ? 2 : 1);
		if (random.chance(0.3)) void this.payWith(this.#client, random.pick(KEYS), 1);
	}

	/** Asks with a key. Whoever gets an answer gets the only one. */
	async payWith(client: SimClient, key: string, amount: number): Promise<void> {
		const { world, truth } = this.#people;
		const name = `${client.user} ${key}`;
		const amounts = (this.#amounts.get(name) ?? new Set<number>()).add(amount);
		this.#amounts.set(name, amounts);
		truth.payments.asked(name);
		const answer = await this.#ask(client, 'pay', [key, amount], key);
		if (isLiveError(answer)) {
			const isKnown = amounts.size === 1 && !truth.payments.isUnknown(name);
			if (answer.code === 'CONFLICT' && isKnown) world.violate(`${name} is in conflict: ${answer.message}`);
			if (answer.code !== 'NOT_FOUND') return;
		} else if ((answer as Receipt).amount !== amount) {
			world.violate(`${name}: asked for ${amount}, answered was ${JSON.stringify(answer)}`);
		}
		truth.payments.answered(name);
		const text = isLiveError(answer) ? answer.code : JSON.stringify(answer);
		const before = this.#answers.get(name) ?? text;
		this.#answers.set(name, text);
		if (before !== text) world.violate(`${name} was answered with ${before}, then with ${text}`);
		const receipt = truth.payments.receiptOf(name);
		if (!isLiveError(answer) && (answer as Receipt).number !== receipt)
			world.violate(`${name} was answered with ${text}, and receipt ${receipt} is its effect`);
	}

	/** Whether everybody still gets what was answered before. */
	async payAgain(): Promise<void> {
		const { world } = this.#people;
		const again = [...this.#answers.keys()].map((name) => {
			const [user, key] = name.split(' ');
			const client = world.clients.find((each) => each.user === user) as SimClient;
			return this.payWith(client, key as string, answeredAmount(this.#answers.get(name) as string));
		});
		await world.clock.advance(5_000);
		await Promise.all(again);
	}

	ping(): void {
		void this.#ask(this.#client, 'ping', []);
	}

	/** Resolves to the answer, or the error. */
	// oxlint-disable-next-line max-params -- whom, what, with what, and by which key
	async #ask(client: SimClient, name: string, args: unknown[], key?: string): Promise<unknown> {
		const { world } = this.#people;
		const id = `${world.name('k')} ${name}`;
		this.pending.add(id);
		world.note(() => `  ${client.name} calls ${id} ${JSON.stringify(args)}`);
		const answer = await client.client
			.call(`people/${name}`, args, key === undefined ? {} : { key })
			.catch((error: unknown) => error);
		this.pending.delete(id);
		world.note(
			() =>
				`${client.name} has the answer to ${id}: ${isLiveError(answer) ? String(answer) : JSON.stringify(answer)}`
		);
		if (answer instanceof Error && !isLiveError(answer)) world.violate(`${id} failed with ${String(answer)}`);
		return answer;
	}

	cut(): void {
		this.#client.connection?.cut();
	}

	silence(): void {
		const { connection } = this.#client;
		connection?.silence();
		if (connection) this.#people.silent.add(connection);
	}

	stall(): void {
		const client = this.#client;
		client.stalled = true;
		client.connection?.stall();
	}

	flow(): void {
		for (const client of this.#people.world.clients) {
			client.stalled = false;
			for (const connection of client.connections) connection.flow();
		}
	}

	offline(): void {
		const client = this.#client;
		client.online = false;
		client.connection?.silence();
		if (client.connection) this.#people.silent.add(client.connection);
		client.sense('offline');
	}

	online(): void {
		for (const client of this.#people.world.clients) {
			if (!client.online) client.sense('online');
			client.online = true;
		}
	}

	reconnect(): void {
		this.#client.client.reconnect();
	}

	async crash(): Promise<void> {
		const { world, truth } = this.#people;
		const process = world.random.pick(world.processes);
		processKilled(truth, process.name);
		await process.crash();
		await world.startProcess();
	}

	async restart(): Promise<void> {
		const { world, truth } = this.#people;
		const process = world.random.pick(world.processes);
		processStops(truth, process.name);
		// While it leaves, it gives its places back.
		for (const places of [truth.club, truth.team]) places.processLeaves(process.name);
		await process.leave();
		for (const places of [truth.club, truth.team]) places.processEnded(process.name);
		await world.startProcess();
	}

	async wait(): Promise<void> {
		const { world } = this.#people;
		await world.clock.advance(world.random.pick([4_000, 8_000, world.random.below(40_000)]));
	}
}

const answeredAmount = (text: string): number => (text.startsWith('{') ? (JSON.parse(text) as Receipt).amount : 1);

type StepName = Exclude<
	{
		[Key in keyof PeopleSteps]: PeopleSteps[Key] extends () => void | Promise<void> ? Key : never;
	}[keyof PeopleSteps],
	'step' | 'payAgain'
>;

/** How often each step comes, relative to the others. */
const WEIGHTS: readonly (readonly [number, StepName])[] = [
	[20, 'come'],
	[8, 'go'],
	[5, 'feel'],
	[12, 'enterClub'],
	[5, 'leaveClub'],
	[14, 'joinTeam'],
	[4, 'leaveTeam'],
	[1, 'hang'],
	[15, 'say'],
	[16, 'pay'],
	[8, 'ping'],
	[6, 'cut'],
	[2, 'silence'],
	[3, 'stall'],
	[8, 'flow'],
	[2, 'offline'],
	[9, 'online'],
	[2, 'reconnect'],
	[3, 'crash'],
	[2, 'restart'],
	[4, 'wait']
];
const TOTAL_WEIGHT = WEIGHTS.reduce((sum, [weight]) => sum + weight, 0);
