// Makes events of changes in the app's tables, whoever made them. All processes may run it: one of them reads, and another
// one takes over when that is gone. Invariant: every committed change becomes its events once, in the order of commits.

import { backoffMs } from '../../base/backoff.ts';
import { ChangeMapping, type ChangedTables, type ChangeEvent, type RowChange } from './change-mapping.ts';
import type { Parameter } from './client.ts';
import type { PostgresBackplane } from './postgres.ts';
import { outboxLag, OutboxReader, type OutboxLag } from './outbox-reader.ts';
import { isTaken, SlotReader, type PlacedEvent } from './slot-reader.ts';
import { makeSlot, preparePublication, slotLag, type SlotLag } from './slots.ts';
import { arrayText, bodyToText, identifier, topicToText } from './text.ts';

export interface PostgresChangesOptions {
	/** What `postgres(…)` returned for the database that has the tables. Started before this. */
	backplane: PostgresBackplane;
	tables: ChangedTables;
	/**
	 * `replication` reads a slot of the write-ahead log: needs wal_level = logical and a role that may replicate; values are
	 * those that `pg` makes of a query. `triggers` reads what the triggers of `npx tidewire postgres:trigger` write, for
	 * servers without replication; values are those of JSON. @default 'replication'
	 */
	via?: 'replication' | 'triggers';
	/** Names the replication slot and the publication, which are made where they are missing. @default the schema's name */
	slot?: string;
	/**
	 * Told of what cannot be published: a mapping that throws, whose change is left out, and a connection that fails, which
	 * is tried again. @default nobody
	 */
	onError?: (error: unknown) => void;
}

/** By what it reads. */
export type ChangeLag = ({ via: 'replication' } & SlotLag) | ({ via: 'triggers' } & OutboxLag);

const RETRY = { firstMs: 500, capMs: 5_000 };
/** How long after a process is gone another one may take its place, and how long a lost wake-up delays. */
const LOOK_EVERY_MS = 2_000;

export class PostgresChanges {
	readonly #options: Required<PostgresChangesOptions>;
	readonly #mapping: ChangeMapping;
	readonly #schema: string;
	readonly #stop = Promise.withResolvers<void>();
	#running: Promise<void> | null = null;
	#isReading = false;
	#attempts = 0;
	#wait: { timer: unknown; resolve: () => void } | null = null;
	#isStopped = false;

	/** @internal */
	constructor(options: PostgresChangesOptions) {
		const { backplane } = options;
		this.#schema = backplane.schema;
		this.#options = { via: 'replication', slot: slotName(this.#schema), onError: () => {}, ...options };
		this.#mapping = new ChangeMapping(options.tables);
	}

	/** Whether this process is the one that reads. With triggers whoever is woken first does. */
	get isReading(): boolean {
		return this.#isReading;
	}

	/**
	 * Begins to publish changes that are committed from now on, or since the last process ended.
	 * @throws {Error} where the server or a table is not set up for it
	 */
	async start(): Promise<void> {
		if (this.#options.via === 'replication') await this.#prepare();
		this.#running = this.#options.via === 'replication' ? this.#readSlot() : this.#readOutbox();
	}

	async stop(): Promise<void> {
		this.#isStopped = true;
		this.#stop.resolve();
		this.#wake();
		await this.#running;
	}

	/**
	 * How far it is behind; for metrics. A slot has `bytes`, an outbox `changes`.
	 * @throws {QueryError} where the server cannot be asked
	 */
	async lag(): Promise<ChangeLag> {
		const { backplane, slot, via } = this.#options;
		if (via === 'replication') return { via, ...(await slotLag(backplane.client, slot)) };
		return { via, ...(await outboxLag(backplane.client, this.#schema)), isRead: this.#isReading };
	}

	/** What the server has thrown away nobody can publish any more: then everybody who reads a topic loads anew. */
	async #prepare(): Promise<void> {
		const { backplane, slot, onError } = this.#options;
		await preparePublication(backplane.client, this.#mapping, slot);
		const breaks = (): Promise<boolean> => this.#ask('break_changes($1)', [slot]);
		const hasBroken = await makeSlot(backplane.client, slot, breaks);
		const isAnew = await this.#ask('open_changes($1, $2)', [slot, hasBroken]);
		if (isAnew) {
			onError(
				new Error(
					`the replication slot "${slot}" was gone, or lost as it fell behind by more than max_slot_wal_keep_size: changes ` +
						'were missed, so everybody who reads a topic loads anew'
				)
			);
		}
	}

	async #ask(call: string, parameters: Parameter[]): Promise<boolean> {
		const text = `SELECT ${identifier(this.#schema)}.${call} AS answer`;
		const [row] = await this.#options.backplane.client.query(text, parameters);
		return row?.['answer'] === true;
	}

	async #readSlot(): Promise<void> {
		const { backplane, slot, onError } = this.#options;
		while (!this.#isStopped) {
			try {
				await SlotReader.run(
					{
						connection: backplane.client.connection,
						slot,
						publication: slot,
						eventsOf: (change) => this.#eventsOf(change),
						store: (events, until) => this.#store(events, until),
						reading: () => this.#begins(),
						clock: backplane.clock
					},
					this.#stop.promise
				);
			} catch (error) {
				await this.#afterFailure(error).catch(onError);
			}
			this.#isReading = false;
			if (!this.#isStopped) await this.#pause(backoffMs(this.#attempts++, Math.random(), RETRY));
		}
	}

	#begins(): void {
		this.#isReading = true;
		this.#attempts = 0;
	}

	async #afterFailure(error: unknown): Promise<void> {
		if (isTaken(error)) return void (this.#attempts = 0);
		this.#options.onError(error);
		if (!this.#isStopped) await this.#prepare();
	}

	async #store(events: readonly PlacedEvent[], until: string): Promise<void> {
		const { backplane, slot } = this.#options;
		await backplane.client.query(
			`SELECT ${identifier(this.#schema)}.store_changes(
				$1, $2::text::pg_lsn, $3::text::text[], $4::text::text[], $5::text::pg_lsn[])`,
			[
				slot,
				until,
				arrayText(events.map(({ topic }) => topicToText(topic))),
				arrayText(events.map(({ body }) => bodyToText(body))),
				arrayText(events.map(({ lsn }) => lsn))
			]
		);
	}

	#eventsOf(change: RowChange): ChangeEvent[] {
		try {
			return this.#mapping.eventsOf(change);
		} catch (cause) {
			this.#options.onError(new Error(`a change of ${change.table} could not be published`, { cause }));
			return [];
		}
	}

	async #readOutbox(): Promise<void> {
		const { backplane, onError } = this.#options;
		const reader = new OutboxReader(backplane.client, this.#schema, (change) => this.#eventsOf(change));
		const forget = backplane.onChanges(() => this.#wake());
		while (!this.#isStopped) {
			try {
				await reader.read();
				this.#isReading = true;
			} catch (error) {
				this.#isReading = false;
				onError(error);
			}
			await this.#pause(LOOK_EVERY_MS);
		}
		forget();
		this.#isReading = false;
	}

	#isWoken = false;

	#wake(): void {
		this.#isWoken = true;
		this.#options.backplane.clock.clearTimer(this.#wait?.timer);
		this.#wait?.resolve();
	}

	async #pause(ms: number): Promise<void> {
		if (!this.#isWoken && !this.#isStopped) {
			await new Promise<void>((resolve) => {
				this.#wait = { timer: this.#options.backplane.clock.setTimer(resolve, ms), resolve };
			});
		}
		this.#wait = null;
		this.#isWoken = false;
	}
}

/** Slots have lower-case names of letters, digits and underscores. */
function slotName(schema: string): string {
	return schema.toLowerCase().replaceAll(/[^a-z0-9_]/g, '_');
}

/** Events for changes in tables, by anyone, psql included. */
export function postgresChanges(options: PostgresChangesOptions): PostgresChanges {
	return new PostgresChanges(options);
}
