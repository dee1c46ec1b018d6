// Reads a replication slot: the server gives it to one connection at a time, and the others try again until that one is
// gone. Invariant: the server is told to forget a change only after the change is in the log.

import type { LogicalReplicationService, Pgoutput } from 'pg-logical-replication';
import type { Clock, Timer } from '../../base/clock.ts';
import { codeOf } from './client.ts';
import type { ChangeEvent, RowChange } from './change-mapping.ts';

export interface PlacedEvent extends ChangeEvent {
	/** Where its transaction was committed. */
	lsn: string;
}

export interface SlotReaderParts {
	connection: Readonly<Record<string, unknown>>;
	slot: string;
	publication: string;
	/** What a change means; reports and returns nothing where that cannot be said. */
	eventsOf(change: RowChange): ChangeEvent[];
	/** Appends to the log, all or nothing. */
	store(events: readonly PlacedEvent[], until: string): Promise<void>;
	/** Called when this process has the slot. */
	reading(): void;
	clock: Pick<Clock, 'setTimer' | 'clearTimer'>;
}

/** So many events wait to be stored before the connection is read on. */
const MAX_PENDING = 5_000;
/** By itself the server says where it is every half minute, and keeps that much more of its log. */
const ASK_EVERY_MS = 5_000;
const SLOT_IS_ACTIVE = '55006';

export class SlotReader {
	readonly #parts: SlotReaderParts;
	readonly #service: LogicalReplicationService;
	readonly #failed = Promise.withResolvers<never>();
	/** Of the transaction that is being read. */
	#changes: ChangeEvent[] | null = null;
	#pending: PlacedEvent[] = [];
	/** The last commit that was read, and the last that the server was told of. */
	#read = '';
	#acknowledged = '0/0';
	/** The last message that was taken in, to know whether others wait. */
	#seen = '';
	/** A heartbeat that came while messages waited, and the last of those. */
	#overtaking: { message: string; beat: string } | null = null;
	#storing: Promise<void> | null = null;
	#timer: Timer;
	#isOver = false;

	private constructor(parts: SlotReaderParts, service: LogicalReplicationService) {
		this.#parts = parts;
		this.#service = service;
	}

	/** Reads until it is stopped or fails. @throws what ended it */
	static async run(parts: SlotReaderParts, stopped: Promise<void>): Promise<void> {
		const library = await import('pg-logical-replication').catch((cause: unknown) => {
			throw new Error(
				'tidewire: postgresChanges needs the package "pg-logical-replication": npm install pg-logical-replication',
				{ cause }
			);
		});
		const { LogicalReplicationService, PgoutputPlugin } = library;
		// Its own acknowledgements are by what was received, not by what was stored.
		const service = new LogicalReplicationService(parts.connection, {
			acknowledge: { auto: false, timeoutSeconds: 0 },
			flowControl: { enabled: true }
		});
		const plugin = new PgoutputPlugin({ protoVersion: 1, publicationNames: [parts.publication] });
		const reader = new SlotReader(parts, service);
		try {
			await reader.#run(service.subscribe(plugin, parts.slot), stopped);
		} finally {
			reader.#isOver = true;
			parts.clock.clearTimer(reader.#timer);
			await service.stop().catch(() => {});
		}
	}

	async #run(subscribed: Promise<unknown>, stopped: Promise<void>): Promise<void> {
		const service = this.#service;
		service.on('start', () => this.#started());
		service.on('error', (error: Error) => this.#failed.reject(error));
		service.on('data', (_lsn: string, message: unknown) => this.#take(_lsn, message as Pgoutput.Message));
		service.on('heartbeat', (lsn: string, _time: number, shouldRespond: boolean) => this.#beat(lsn, shouldRespond));
		const ended = subscribed.then(() => {
			throw new Error('the server ended the replication');
		});
		this.#failed.promise.catch(() => {});
		ended.catch(() => {});
		await Promise.race([stopped, this.#failed.promise, ended]);
		await this.#storing;
	}

	#started(): void {
		this.#parts.reading();
		this.#askLater();
	}

	#askLater(): void {
		this.#timer = this.#parts.clock.setTimer(() => {
			if (this.#isOver) return;
			this.#acknowledge(this.#acknowledged, true);
			this.#askLater();
		}, ASK_EVERY_MS);
	}

	async #take(lsn: string, message: Pgoutput.Message): Promise<void> {
		if (this.#isOver) return;
		this.#seen = lsn === this.#overtaking?.message ? this.#overtaking.beat : lsn;
		if (message.tag === 'begin') this.#changes = [];
		else if (message.tag === 'commit') this.#commit(message.commitLsn ?? '0/0');
		else if (this.#changes) this.#changes.push(...this.#eventsOf(message));
		if (this.#pending.length > MAX_PENDING) await this.#storing;
	}

	#eventsOf(message: Pgoutput.Message): ChangeEvent[] {
		if (message.tag !== 'insert' && message.tag !== 'update' && message.tag !== 'delete') return [];
		const table = `${message.relation.schema}.${message.relation.name}`;
		const old = message.tag === 'insert' ? null : (message.old ?? message.key);
		const current = message.tag === 'delete' ? null : { ...message.new };
		return this.#parts.eventsOf({ table, old: old && { ...old }, current, isInsert: message.tag === 'insert' });
	}

	#commit(lsn: string): void {
		for (const event of this.#changes ?? []) this.#pending.push({ ...event, lsn });
		this.#changes = null;
		this.#read = lsn;
		// A transaction without events is not stored: storing is a transaction without events, too.
		if (this.#pending.length > 0) this.#storing ??= this.#storeAll();
	}

	/** Everything that has come meanwhile is stored together. */
	async #storeAll(): Promise<void> {
		try {
			while (this.#pending.length > 0 && !this.#isOver) {
				const [events, until] = [this.#pending, this.#read];
				this.#pending = [];
				await this.#parts.store(events, until);
				this.#acknowledge(until, true);
			}
		} catch (error) {
			this.#isOver = true;
			this.#failed.reject(error);
		} finally {
			this.#storing = null;
		}
	}

	/**
	 * The library adds one. With the place where a commit begins, that is behind this commit and not behind the next one;
	 * with the place where it ends, a commit that begins there would be skipped after a restart.
	 * @param asksForBeat what was stored is in the write-ahead log, too, and behind this: the answer says how far
	 */
	#acknowledge(lsn: string, asksForBeat = false): void {
		this.#acknowledged = lsn;
		void this.#service.acknowledge(lsn, asksForBeat).catch(() => {});
	}

	/** Where nothing waits, the server may forget what had no changes for us. */
	#beat(lsn: string, shouldRespond: boolean): void {
		const last = this.#service.lastLsn();
		const nothingWaits = this.#seen === '' || last === this.#seen;
		if (nothingWaits) this.#seen = lsn;
		// It overtakes messages that wait: when the last of them was taken in, it was, too.
		else
			this.#overtaking = {
				message: this.#overtaking?.beat === last ? this.#overtaking.message : last,
				beat: lsn
			};
		const isIdle = this.#changes === null && this.#pending.length === 0 && this.#storing === null;
		if (nothingWaits && isIdle && lsn !== '0/0') this.#acknowledge(before(lsn));
		else if (shouldRespond && this.#acknowledged !== '0/0') this.#acknowledge(this.#acknowledged);
	}
}

/** One byte before, as the library adds one. */
function before(lsn: string): string {
	const [high = '0', low = '0'] = lsn.split('/');
	const value = (BigInt(`0x${high}`) << 32n) + BigInt(`0x${low}`) - 1n;
	return `${(value >> 32n).toString(16)}/${(value & 0xffffffffn).toString(16)}`.toUpperCase();
}

/** Whether another process has the slot. */
export const isTaken = (error: unknown): boolean => codeOf(error) === SLOT_IS_ACTIVE;
