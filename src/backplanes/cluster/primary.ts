// The process that owns the order and the history for its workers. An event has its place when `append` has given it
// out; it is passed on to the workers that listen in that order, and its own worker is told the place instead.

import { systemClock, type Clock } from '../../base/clock.ts';
import { assertNever } from '../../base/assert.ts';
import { isLiveError } from '../../base/errors.ts';
import { isPromise, type MaybePromise } from '../../base/maybe-promise.ts';
import type { Position } from '../../protocol/position.ts';
import type { TopicName } from '../../protocol/topic.ts';
import { callStore } from '../shared/forwarded-store.ts';
import type { Channel } from './channel.ts';
import { Member } from './member.ts';
import { CLUSTER_VERSION, type Answer, type Down, type DownEvent, type Up } from './messages.ts';
import { SharedLog } from './shared-log.ts';

export interface PrimaryOptions {
	/** Told of what no worker is told. */
	onError: (error: unknown) => void;
	/** The most characters of events that wait for a worker which does not read. @default 16777216 */
	backlogCharacters?: number;
	/** @default the runtime's clock */
	clock?: Clock;
}

const DEFAULTS = { backlogCharacters: 16 * 1024 * 1024, clock: systemClock };

type Message<Kind extends Up[0]> = Extract<Up, [kind: Kind, ...rest: unknown[]]>;

export class Primary {
	readonly #options: Required<PrimaryOptions>;
	readonly #log: SharedLog;
	readonly #listening = new Map<TopicName, Set<Member>>();

	constructor(options: PrimaryOptions) {
		this.#options = { ...DEFAULTS, ...options };
		this.#log = new SharedLog(this.#options.clock);
	}

	/** Serves one more worker, until it ends. */
	attach(channel: Channel<Down, Up>): void {
		const { clock, backlogCharacters } = this.#options;
		const member = new Member(channel, clock, backlogCharacters);
		channel.listen({
			batch: (messages) => messages.forEach((message) => this.#hear(member, message)),
			ended: () => {
				this.#remove(member, false);
				channel.close();
			}
		});
	}

	/** Closes the history. Call it when no worker runs any more. */
	async stop(): Promise<void> {
		await this.#log.close();
	}

	#hear(member: Member, message: Up): void {
		switch (message[0]) {
			case 'hello':
				return this.#welcome(member, message);
			case 'subscribe':
				return this.#subscribe(member, message);
			case 'unsubscribe':
				return this.#unsubscribe(member, message[1]);
			case 'append':
				return this.#append(member, message);
			case 'broadcast':
				return this.#broadcast(member, message);
			case 'head':
				return this.#head(member, message);
			case 'read':
				return this.#read(member, message);
			case 'store':
				return this.#callStore(member, message);
			case 'leave':
				this.#remove(member, message[2]);
				return member.answer(['done', message[1]]);
			default:
				return assertNever(message);
		}
	}

	#welcome(member: Member, [, id, version, settings]: Message<'hello'>): void {
		const open = async (): Promise<void> => {
			if (version !== CLUSTER_VERSION) throw new Error(OTHER_VERSION);
			await this.#log.open(settings);
		};
		this.#answer(member, id, open, () => {
			member.joined = true;
			return ['done', id];
		});
	}

	#subscribe(member: Member, [, id, topic]: Message<'subscribe'>): void {
		member.topics.add(topic);
		const members = this.#listening.get(topic) ?? new Set();
		this.#listening.set(topic, members.add(member));
		this.#answer(member, id, () => this.#log.current.subscribe(topic), positionAnswer(id));
	}

	#unsubscribe(member: Member, topic: TopicName): void {
		const members = this.#listening.get(topic);
		member.topics.delete(topic);
		if (!members?.delete(member) || members.size > 0) return;
		this.#listening.delete(topic);
		this.#log.opened?.unsubscribe(topic);
	}

	#append(member: Member, [, id, topic, body]: Message<'append'>): void {
		this.#answer(
			member,
			id,
			() => this.#log.current.append(topic, body),
			({ epoch, offset }) => {
				this.#passOn(member, ['event', topic, epoch, offset, body, null]);
				return ['position', id, epoch, offset];
			}
		);
	}

	#broadcast(member: Member, [, id, topic, body, conflationKey]: Message<'broadcast'>): void {
		this.#passOn(member, ['event', topic, '', 0, body, conflationKey]);
		member.answer(['done', id]);
	}

	/** To those who listen, but for the one it comes from. */
	#passOn(from: Member, event: DownEvent): void {
		for (const member of this.#listening.get(event[1]) ?? []) if (member !== from) member.event(event);
	}

	#head(member: Member, [, id, topic]: Message<'head'>): void {
		this.#answer(member, id, () => this.#log.current.head(topic), positionAnswer(id));
	}

	#read(member: Member, [, id, topic, epoch, offset]: Message<'read'>): void {
		this.#answer(
			member,
			id,
			() => this.#log.current.read(topic, { epoch, offset }),
			(result) =>
				result.kind === 'reset'
					? ['reset', id, result.reason]
					: ['events', id, result.epoch, result.entries.map(({ body }) => body)]
		);
	}

	#callStore(member: Member, [, id, call]: Message<'store'>): void {
		this.#answer(
			member,
			id,
			() => callStore(this.#log.current.store, call),
			(value) => ['value', id, value]
		);
	}

	/** What `answerOf` does happens in the order in which the history answers, and the answer is sent with it. */
	// oxlint-disable-next-line max-params -- whom, what, and the two halves of how
	#answer<Value>(
		member: Member,
		id: number,
		ask: () => MaybePromise<Value>,
		answerOf: (value: Value) => Answer
	): void {
		const fail = (error: unknown): void => member.answer(failure(id, error));
		try {
			const value = ask();
			if (isPromise(value)) value.then((found) => member.answer(answerOf(found)), fail);
			else member.answer(answerOf(value));
		} catch (error) {
			fail(error);
		}
	}

	/** @param clean whether everything that it may have stored was published */
	#remove(member: Member, clean: boolean): void {
		if (!member.joined) return;
		member.joined = false;
		for (const topic of [...member.topics]) this.#unsubscribe(member, topic);
		if (!clean) this.#crashed().catch(this.#options.onError);
	}

	async #crashed(): Promise<void> {
		await this.#log.crashed();
		// Where the history is a new one, it has to know what is listened to: it may forget the rest.
		for (const topic of this.#listening.keys()) await this.#log.opened?.subscribe(topic);
	}
}

const OTHER_VERSION =
	'tidewire: the app was built with another version of tidewire than the one that starts it: build it again';

const positionAnswer =
	(id: number) =>
	({ epoch, offset }: Position): Answer => ['position', id, epoch, offset];

function failure(id: number, error: unknown): Answer {
	const code = isLiveError(error) ? error.code : 'UNAVAILABLE';
	return ['failed', id, code, error instanceof Error ? error.message : String(error)];
}
