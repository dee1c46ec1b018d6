// What happens in histories with lists that are loaded in pages, besides everything else: lines come, change and go, and
// clients ask for further pages whenever it is least convenient.

import { isLiveError } from '../../../src/base/errors.ts';
import type { TopicLike } from '../../../src/server/topic.ts';
import { INVALIDATED_ROOM, ROOMS } from '../database.ts';
import { loadPage } from '../page-load.ts';
import type { Steps } from '../steps.ts';
import type { Watch } from '../watch.ts';
import type { SimClient, World } from '../world.ts';
import { changeSilently, fillLines, someChange } from './line-changes.ts';
import { lockOf, type LineChange } from './lines.ts';
import { PAGED } from './paged-list.ts';
import type { Line } from './stored-lines.ts';

/** Of the steps of a history. */
const SHARE = 0.4;
/** Whoever asks for a page again and again reaches the end: a history has not that many lines. */
const MAX_PAGES = 100;
const PAGE_MS = 1_000;
/** More than any number of the database: lines that are shown early are newer than all. */
const EARLY = 1e9;
/** How often all lines of a room give way to a single one: seldom, or lists would be short. */
const REPLACED = 0.04;

export class PageSteps {
	readonly #world: World;
	readonly #steps: Steps;
	/** Pages that are on their way. */
	#awaited = 0;

	constructor(world: World, steps: Steps) {
		this.#world = world;
		this.#steps = steps;
		fillLines(world.database);
	}

	/** Does one thing at random: one of these, or anything else. */
	async step(): Promise<void> {
		const { random } = this.#world;
		if (!random.chance(SHARE)) return this.#steps.step();
		const name = random.pick(TICKETS);
		this.#world.note(() => `- ${name} (pages)`);
		await this[name]();
	}

	subscribe(): void {
		const watch = this.#client.watch(this.#path, [this.#room]);
		this.#world.note(() => `  ${watch.label}`);
		watch.open();
	}

	more(): void {
		const watch = this.#anyWatch;
		if (watch) this.#ask(watch);
	}

	async hydrate(): Promise<void> {
		const { random, processes } = this.#world;
		if (processes.length === 0) return;
		const client = this.#client;
		const load = { path: this.#path, args: [this.#room], user: client.user };
		const snapshot = await loadPage(this.#world, random.pick(processes), load);
		if (snapshot) client.watch(load.path, load.args).open(snapshot);
	}

	refresh(): void {
		void this.#anyWatch?.refresh();
	}

	call(): void {
		void this.#call(this.#client);
	}

	/** Shows a line before the server knows of it, during a call or for a while. */
	early(): void {
		const watch = this.#anyWatch;
		const shown = watch?.stream.state.value as Line[] | undefined;
		if (!watch || !shown || shown.length === 0) return;
		const { random, database } = this.#world;
		const isNew = random.chance(0.3);
		const line = random.pick(shown);
		const id = isNew ? EARLY + database.nextVersion() : line.id;
		const wanted = { ...line, id, version: EARLY, text: 'early' };
		const event = isNew ? 'created' : 'updated';
		if (random.chance(0.5)) watch.mutate(event, wanted, async () => this.#call(watch.client));
		else this.#steps.undoLater(watch.optimistic(event, wanted));
	}

	#call(client: SimClient): Promise<unknown> {
		const id = this.#world.name('k');
		const answer = client.client.call('app/line', [id, someChange(this.#world.random)]);
		return this.#steps.track(client, { id, path: 'app/line' }, answer);
	}

	/** The application publishes by itself, outside of any call: now and then more than fits a page. */
	publish(): void {
		const { random, processes } = this.#world;
		if (processes.length === 0) return;
		const { app, server } = random.pick(processes);
		const publish = (topic: TopicLike, event: string, data?: unknown): void => {
			void server.publisher.publish(topic, event, data);
		};
		const change = (wanted: LineChange): void => {
			app.change({ publish }, wanted).catch(() => {}); // the process crashed
		};
		if (random.chance(REPLACED)) change({ ...someChange(random), kind: 'replace' });
		const count = random.pick([1, 1, 1, 2, 7]);
		for (let index = 0; index < count; index++) change(someChange(random));
	}

	/** Lines of one room change without an event: whoever reads it loads anew. */
	invalidate(): void {
		const { random, processes } = this.#world;
		if (processes.length === 0) return;
		const process = random.pick(processes);
		const change = { ...someChange(random), room: INVALIDATED_ROOM };
		const spoil = async (): Promise<void> => {
			process.check();
			changeSilently(process.database, change);
			const { newest } = process.app.streams;
			await process.server.publisher.invalidate(newest.topic(INVALIDATED_ROOM), null);
		};
		this.#world.database.locked(lockOf(INVALIDATED_ROOM), spoil).catch(() => {}); // the process crashed
	}

	/** When everything has healed: every list, to its end. */
	async loadAll(): Promise<void> {
		const open = this.#watches.filter((watch) => watch.isOpen);
		const unfinished = (): Watch[] => open.filter((watch) => watch.stream.state.hasMore);
		for (let asked = 0; asked < MAX_PAGES && unfinished().length > 0; asked++) {
			for (const watch of unfinished()) this.#ask(watch);
			await this.#world.clock.advance(PAGE_MS);
			if (this.#world.violations.length > 0) return;
		}
		for (const { label } of unfinished()) this.#world.violate(`${label} never ends`);
		for (const watch of open) watch.checkFinal();
		if (this.#awaited > 0) this.#world.violate(`${this.#awaited} pages were never answered`);
	}

	#ask({ label, list, stream }: Watch): void {
		this.#world.note(() => `  ${label} asks for more`);
		this.#awaited++;
		const answer = stream.loadMore();
		void list?.whileAsked(answer).then(
			() => this.#answered(`${label} has its page`),
			(error: unknown) => {
				this.#answered(`${label} has no page: ${String(error)}`);
				if (!isLiveError(error)) this.#world.violate(`${label} has no page for ${String(error)}`);
			}
		);
	}

	#answered(how: string): void {
		this.#world.note(() => how);
		this.#awaited--;
	}

	get #path(): string {
		return this.#world.random.pick(PAGED);
	}

	get #room(): string {
		return this.#world.random.pick(ROOMS);
	}

	get #client(): SimClient {
		return this.#world.random.pick(this.#world.clients);
	}

	get #watches(): Watch[] {
		return this.#world.clients.flatMap(({ watches }) => [...watches.values()].filter(({ list }) => list));
	}

	get #anyWatch(): Watch | undefined {
		const watches = this.#watches;
		return watches.length > 0 ? this.#world.random.pick(watches) : undefined;
	}
}

type StepName = 'subscribe' | 'more' | 'early' | 'hydrate' | 'refresh' | 'call' | 'publish' | 'invalidate';

const WEIGHTS: readonly (readonly [number, StepName])[] = [
	[5, 'subscribe'],
	[12, 'more'],
	[2, 'early'],
	[1, 'hydrate'],
	[1, 'refresh'],
	[5, 'call'],
	[8, 'publish'],
	[1, 'invalidate']
];
const TICKETS = WEIGHTS.flatMap(([weight, name]) => Array.from({ length: weight }, () => name));
