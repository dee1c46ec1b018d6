// One stream of one client under observation: that its events are those of the log, one after another, and that it shows
// what follows from them.

import { CLIENT_DEFAULTS, type Applied } from '../../src/client/options.ts';
import type { ClientStream } from '../../src/client/stream.ts';
import { encodeTopic } from '../../src/protocol/topic.ts';
import type { Position } from '../../src/protocol/position.ts';
import { isControl } from '../../src/protocol/stream.ts';
import { isOwn, isShort, named } from './app.ts';
import { bodyOf, INVALIDATED_ROOM, type Row } from './database.ts';
import { Model } from './model.ts';
import { isPaged, PagedList } from './pages/paged-list.ts';
import { brief, type SimClient } from './world.ts';

const LINGER_MS = CLIENT_DEFAULTS.lingerMs;
const EPHEMERAL = new Set(['app/presence', 'app/cursors']);
/** Views: what they send is not what the log has. */
const VIEWS = new Set(['app/short', 'app/own', 'app/bare', 'app/signed']);
/** Of these, those that count their events themselves. */
const OWN_LOGS = new Set(['app/short', 'app/own']);

export class Watch {
	readonly client: SimClient;
	readonly path: string;
	readonly args: readonly unknown[];
	readonly topic: string;
	stream: ClientStream;
	model = new Model();
	/** In place of the model, where it is loaded in pages. */
	list: PagedList | null;
	/** Where the value stands; null before the first one. */
	last: Position | null = null;
	#hasValue = false;
	/** Whether a reset was announced since the last change. */
	#told = false;
	/** Whether the test itself asked for a new value. */
	#asked = false;
	#changed = false;
	#unlisten: (() => void) | null = null;
	#closedAtMs = -Infinity;
	#versions = new Map<string, number>();

	constructor(client: SimClient, path: string, args: unknown[]) {
		this.client = client;
		this.path = path;
		this.args = args;
		this.topic = topicOf(path, args, client.user);
		this.stream = client.client.stream(path, args);
		this.list = this.#newList();
	}

	#newList(): PagedList | null {
		const { database } = this.client.world;
		const epochKey = (epoch: string): string => this.client.world.epochKey(epoch);
		const options = { database, path: this.path, room: String(this.args[0]), topic: this.topic, epochKey };
		return isPaged(this.path) ? new PagedList(options) : null;
	}

	get label(): string {
		return `${this.client.name} ${this.path}(${this.args.join()})`;
	}

	get isOpen(): boolean {
		return this.#unlisten !== null;
	}

	/** @param snapshot what the server rendered the page with */
	open(snapshot: Parameters<ClientStream['hydrate']>[0] | null = null): void {
		if (this.#unlisten) return;
		const stream = this.client.client.stream(this.path, this.args);
		if (stream !== this.stream) {
			this.stream = stream;
			this.model = new Model();
			this.list = this.#newList();
			this.last = null;
			this.#hasValue = false;
		}
		// While it lingers, the answer to its subscription may still come and take the place of the page's value.
		const { clock } = this.client.world;
		if (snapshot && clock.now() > this.#closedAtMs + LINGER_MS) this.#hydrate(snapshot);
		this.#unlisten = stream.onChange(() => (this.#changed = true));
	}

	close(): void {
		if (!this.#unlisten) return;
		this.#unlisten();
		this.#unlisten = null;
		this.#closedAtMs = this.client.world.clock.now();
	}

	async refresh(): Promise<void> {
		this.#asked = true;
		await this.stream.refresh().catch(() => {});
	}

	#hydrate(snapshot: Parameters<ClientStream['hydrate']>[0]): void {
		const asked = this.#asked;
		this.#asked = true;
		this.stream.hydrate(snapshot);
		this.#asked = asked;
	}

	mutate(event: string, data: unknown, run: () => Promise<unknown>): void {
		const { model } = this;
		const entry = model.add(event, data, true);
		this.#changed = true;
		this.stream.mutate(event, data, run).then(
			() => {
				model.settle(entry);
				this.#changed = true;
			},
			() => {
				model.remove(entry);
				this.#changed = true;
			}
		);
	}

	optimistic(event: string, data: unknown): () => void {
		const { model } = this;
		const entry = model.add(event, data, false);
		this.#changed = true;
		const undo = this.stream.optimistic(event, data);
		return () => {
			undo();
			model.remove(entry);
			this.#changed = true;
		};
	}

	told(reason: string): void {
		this.client.world.note(() => `${this.label} reset: ${reason}`);
		this.#told = true;
	}

	applied({ position, change }: Applied): void {
		if (change.kind === 'value') this.#appliedValue(position, change);
		else this.#appliedEvent(position, change);
		this.#changed = true;
	}

	#appliedValue(position: Position | null, { value, merge }: Extract<Applied['change'], { kind: 'value' }>): void {
		const { world } = this.client;
		world.note(() => `${this.label} value at ${show(position)} ${brief(JSON.stringify(value))}`);
		const isExpected = this.#told || this.#asked || this.last === null || this.args[0] === INVALIDATED_ROOM;
		if (this.#hasValue && !isExpected && position !== null) {
			world.violate(`${this.label}: the value at ${show(this.last)} became ${show(position)} without a reset`);
		}
		this.#hasValue = true;
		this.#told = this.#asked = false;
		this.last = position;
		this.#versions = new Map();
		this.model.load(value, merge);
		this.#minds(this.list?.loaded(value));
		this.#checkReader(value);
	}

	#minds(problem: string | null | undefined): void {
		const shown = JSON.stringify(this.stream.state.value);
		if (problem) this.client.world.violate(`${this.label} at ${show(this.last)}: ${problem}, in ${shown}`);
	}

	#checkReader(value: unknown): void {
		const { world, user } = this.client;
		const foreign =
			(Array.isArray(value) && value.some((row) => this.#hides(row as Row))) ||
			(this.path === 'app/greeting' && (value as { viewer: string }).viewer !== user) ||
			(this.path === 'app/inbox' && (value as { user: string }[]).some((row) => row.user !== user)) ||
			(this.args.length > 0 && (value as Row[]).some((row) => row.room !== this.args[0]));
		if (foreign) world.violate(`${this.label} was shown what is not for ${user}: ${JSON.stringify(value)}`);
	}

	/** Whether a row is none that the view may show, or shows too much of it. */
	#hides(row: Row): boolean {
		if (this.path === 'app/short') return row.text !== undefined && !isShort(row);
		if (this.path === 'app/own') return row.version !== undefined && !isOwn(this.client.user, row.version);
		return this.path === 'app/bare' && row.text !== undefined;
	}

	#appliedEvent(position: Position | null, { event, data }: Extract<Applied['change'], { kind: 'event' }>): void {
		const { world } = this.client;
		world.note(() => `${this.label} event ${show(position)} ${event} ${brief(JSON.stringify(data))}`);
		this.model.apply(event, data);
		this.list?.applied(event);
		if (this.#hides(data as Row))
			world.violate(`${this.label} was sent what it may not show: ${JSON.stringify(data)}`);
		if (position === null) return this.#checkOnce(event, data);
		const last = this.last;
		this.last = position;
		this.#told = false;
		const isSameLog = last !== null && world.epochKey(last.epoch) === world.epochKey(position.epoch);
		if (!isSameLog || !this.#follows(last, position)) {
			return world.violate(`${this.label}: event ${show(position)} was applied after ${show(last)}`);
		}
		this.#checkCommitted(position, event, data);
	}

	/** Whether nothing is between that concerns clients. */
	#follows(last: Position, { epoch, offset }: Position): boolean {
		const { world } = this.client;
		let next = last.offset + 1;
		const isSkipped = (): boolean =>
			isControl(world.database.committed(this.topic, world.epochKey(epoch), next)?.body ?? '');
		while (next < offset && !OWN_LOGS.has(this.path) && isSkipped()) next++;
		return next === offset;
	}

	#checkCommitted(position: Position, event: string, data: unknown): void {
		const { world, user } = this.client;
		if (VIEWS.has(this.path)) return;
		const committed = world.database.committed(this.topic, world.epochKey(position.epoch), position.offset);
		if (committed?.body !== bodyOf(event, data)) {
			return world.violate(`${this.label}: event ${show(position)} is ${committed?.body ?? 'not in the log'}`);
		}
		const refusedMs = world.database.refusedSince.get(`${user} ${String(this.args[0])}`) ?? Infinity;
		if (committed.atMs > refusedMs)
			world.violate(`${this.label}: event ${show(position)} came after access was taken`);
	}

	/** On an ephemeral topic: no event twice, and nothing older after something newer. */
	#checkOnce(event: string, data: unknown): void {
		const { world } = this.client;
		const { key, version } = data as { key: string; version?: number };
		if (world.options.mode === 'cluster' || version === undefined) return;
		if ((this.#versions.get(key) ?? 0) >= version) {
			world.violate(
				`${this.label}: ${event} of ${key} at version ${version} came after ${this.#versions.get(key)}`
			);
		}
		this.#versions.set(key, version);
	}

	/** Whether the stream shows what it has to. */
	check(): void {
		if (!this.#changed) return;
		this.#changed = false;
		if (this.list) return this.#minds(this.last && this.list.problem(this.stream.state, this.last));
		const shown = JSON.stringify(this.stream.state.value);
		for (const value of this.model.values()) if (JSON.stringify(value) === shown) return;
		const expected = [...this.model.values()].map((value) => JSON.stringify(value)).join(' or ');
		this.client.world.violate(`${this.label} shows ${shown}, not ${expected}`);
	}

	/** When everything has healed: whether it shows what the database has, with nothing pending. */
	checkFinal(): void {
		const { world } = this.client;
		const { state } = this.stream;
		if (!state.connected || state.error) {
			return world.violate(`${this.label} is not current: ${state.error?.message ?? 'not connected'}`);
		}
		if (this.model.pending.some(({ held }) => held))
			world.violate(`${this.label} holds an event of a call that ended`);
		if (!this.list && JSON.stringify(state.value) !== JSON.stringify(this.model.confirmed)) {
			world.violate(`${this.label} still shows what was never confirmed: ${JSON.stringify(state.value)}`);
		}
		this.#checkComplete();
		this.#minds(this.list?.finalProblem(state));
		if (EPHEMERAL.has(this.path) && world.losesBroadcasts) return;
		const expected = this.#stored();
		if (expected !== undefined && sorted(state.value) !== sorted(expected)) {
			world.violate(
				`${this.label} at ${show(this.last)} shows ${sorted(state.value)}, stored is ${sorted(expected)}`
			);
		}
	}

	/** Whether it stands at the end of the log that its topic has now. */
	#checkComplete(): void {
		const { last } = this;
		const { world } = this.client;
		const end = world.database.end(this.topic);
		if (last === null || end === null || OWN_LOGS.has(this.path)) return;
		const ours = `${this.topic} ${world.epochKey(last.epoch)}`;
		const isNewer = !world.database.log.has(ours) && last.offset === 0;
		if (!isNewer && (ours !== end.key || !this.#follows(last, { ...last, offset: end.offset + 1 }))) {
			world.violate(`${this.label} stands at ${show(last)}, the log at ${end.key}:${end.offset}`);
		}
	}

	get #rows(): Row[] {
		return [...(this.client.world.database.rooms.get(String(this.args[0]))?.values() ?? [])];
	}

	/** What the database has for this stream; undefined where it has nothing to compare with. */
	#stored(): unknown {
		const { database } = this.client.world;
		switch (this.path) {
			case 'app/cards':
			case 'app/titles':
				return this.#rows;
			case 'app/short':
				return this.#rows.filter(isShort);
			case 'app/own':
				return newest(this.#rows.filter(({ version }) => isOwn(this.client.user, version)));
			case 'app/bare':
				return this.#rows.map(({ id, room, version }) => ({ id, room, version, name: named(id) }));
			case 'app/setting':
				return database.setting;
			case 'app/chat':
				return database.posts;
			case 'app/inbox':
				return database.notes.get(this.client.user);
			case 'app/presence':
				return [...database.seats.values()];
			case 'app/cursors':
				return [...database.cursors.values()];
			default:
				return undefined;
		}
	}
}

const newest = (rows: Row[]): Row[] => rows.toSorted((one, other) => other.version - one.version).slice(0, 3);

const show = (position: Position | null): string => (position ? `${position.epoch}:${position.offset}` : '-');

/** Rows in the order of their keys: in which order they were first seen may differ. */
function sorted(value: unknown): string {
	return JSON.stringify(Array.isArray(value) ? value.map((row) => JSON.stringify(row)).toSorted() : value);
}

function topicOf(path: string, args: unknown[], user: string): string {
	switch (path) {
		case 'app/cards':
		case 'app/titles':
		case 'app/top':
		case 'app/short':
		case 'app/own':
		case 'app/bare':
			return encodeTopic(['room', String(args[0])]);
		case 'app/newest':
		case 'app/latest':
		case 'app/signed':
			return encodeTopic(['lines', String(args[0])]);
		case 'app/recent':
		case 'app/chat':
			return 'feed';
		case 'app/inbox':
			return encodeTopic(['inbox', user]);
		default:
			return path.slice('app/'.length);
	}
}
