// The clients and processes of a history about people, and the promises that hold at every moment of it.

import type { LoopbackConnection } from '../../../src/testing/loopback.ts';
import { runtime } from '../../../src/server/runtime.ts';
import type { Process, SimClient, World } from '../world.ts';
import type { PeopleApp, Said } from './people-app.ts';
import { Reader } from './reader.ts';
import type { Truth } from './truth.ts';

export const ROOMS = ['hall', 'yard'];
export const ROLES = ['player', 'watcher'];
export type GroupName = 'club' | 'team';

/** A primary drops nothing that so much may wait for. */
const ENOUGH_BYTES = 30_000;
/** What was said reaches everybody within this time. */
const HEARD_MS = 1_000;

interface ClientReaders {
	here: ReadonlyMap<string, Reader>;
	club: Reader;
	team: Reader;
}

export class People {
	readonly world: World;
	readonly truth: Truth;
	readonly apps = new Map<Process, PeopleApp>();
	/** Connections that carry nothing any more, and do not say so. */
	readonly silent = new WeakSet<LoopbackConnection>();
	readonly #readers = new Map<SimClient, ClientReaders>();
	/** Which readers have heard what: by its id. A reset takes it from what they show. */
	readonly #heard = new Map<string, Set<Reader>>();
	/** When what was said: by its id. */
	readonly #saidMs = new Map<string, number>();
	/** Whether messages between processes get lost or come twice. */
	readonly isRough: boolean;
	/** Whether they get lost. */
	readonly #loses: boolean;

	constructor(world: World, truth: Truth) {
		this.world = world;
		this.truth = truth;
		const { mode, weather, queueBytes } = world.options;
		const { lose, repeat } = weather.cluster;
		this.#loses = mode === 'cluster' ? lose > 0 : queueBytes < ENOUGH_BYTES;
		this.isRough = mode === 'cluster' ? lose > 0 || repeat > 0 : queueBytes < ENOUGH_BYTES;
	}

	get readers(): Reader[] {
		return [...this.#readers.values()].flatMap(({ here, club, team }) => [...here.values(), club, team]);
	}

	of(client: SimClient): ClientReaders {
		const known = this.#readers.get(client);
		if (known) return known;
		const readers = {
			here: new Map(ROOMS.map((room) => [room, this.#hereReader(client, room)])),
			club: this.#groupReader(client, 'club', [client.name, clubRole(client)]),
			team: this.#groupReader(client, 'team', [])
		};
		this.#readers.set(client, readers);
		return readers;
	}

	#hereReader(client: SimClient, room: string): Reader {
		const { silent, truth, world } = this;
		const reader: Reader = new Reader(client, {
			path: 'people/here',
			args: [room, client.name],
			silent,
			onGone: (user) => {
				if (!this.#loses && truth.readings.wasThere(String(user), room))
					world.violate(`${reader.label}: ${String(user)} left for a moment, and was there all the time`);
			}
		});
		return reader;
	}

	#groupReader(client: SimClient, name: GroupName, args: readonly unknown[]): Reader {
		const { silent, truth, world } = this;
		const reader: Reader = new Reader(client, {
			path: `people/${name}`,
			args,
			silent,
			onRow: (row) => {
				const { id, role } = row as unknown as Said;
				this.#heard.get(id)?.add(reader);
				if (!truth[name].mayHear(client.name, role, this.#saidMs.get(id) ?? 0))
					world.violate(`${reader.label} heard ${id}, which was for ${role ?? 'members'}`);
			}
		});
		return reader;
	}

	/** Something that code of a process does outside of any call. */
	run<Result>(process: Process, what: (app: PeopleApp) => Result): Result {
		const before = runtime().server;
		runtime().server = process.server;
		try {
			return what(this.apps.get(process) as PeopleApp);
		} finally {
			runtime().server = before;
		}
	}

	say(process: Process, name: GroupName, role: string | null): void {
		const { world } = this;
		const id = world.name('s');
		this.#saidMs.set(id, world.clock.now());
		const heard = new Set<Reader>();
		this.#heard.set(id, heard);
		const listening = this.isRough ? [] : this.#listening(name, role);
		world.note(() => `  ${id} to ${role ?? 'all'} of ${name}: ${listening.map(({ label }) => label).join()}`);
		this.run(process, ({ groups }) =>
			groups[name]().publish('said', { id, role } satisfies Said, role === null ? {} : { role })
		).catch((error: unknown) => world.violate(`${id} was not said: ${String(error)}`));
		const saidMs = world.clock.now();
		world.clock.setTimer(() => {
			const members = new Set(this.#listening(name, role));
			for (const reader of listening) {
				const stayed = members.has(reader) && reader.soundSinceMs <= saidMs;
				if (stayed && process.alive && !heard.has(reader)) world.violate(`${reader.label} never heard ${id}`);
			}
		}, HEARD_MS);
	}

	/** Who has to hear what is said now. */
	#listening(name: GroupName, role: string | null): Reader[] {
		return [...this.#readers].flatMap(([client, readers]) => {
			const has = this.truth[name].roleOf(client.name);
			const isMember = has !== null && (role ?? has.role) === has.role;
			return isMember && readers[name].isSettled ? [readers[name]] : [];
		});
	}

	/** Whether everybody shows who is there, and no more have places than there are. */
	check(): void {
		const { world, truth } = this;
		for (const readers of this.#readers.values()) {
			for (const [room, reader] of readers.here) {
				if (!reader.isSettled) continue;
				const shown = new Set([...reader.rows.keys()].map(String));
				const ghosts = without(shown, truth.readings.possible(room));
				const missing = without(truth.readings.certain(room), shown);
				if (ghosts.length > 0) world.violate(`${reader.label} shows ${ghosts.join()}, who is gone`);
				if (missing.length > 0) world.violate(`${reader.label} does not show ${missing.join()}`);
			}
		}
	}
}

/** The same for as long as it lives. */
const clubRole = ({ name }: SimClient): string => (name.length % 2 === 0 ? 'player' : 'watcher');

const without = (all: ReadonlySet<string>, some: ReadonlySet<string>): string[] =>
	[...all].filter((each) => !some.has(each));
