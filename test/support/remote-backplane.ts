// A backplane in a process of its own, for tests of those that join processes: the same methods, by messages.
import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { LiveError } from '../../src/base/errors.ts';
import { ForwardedStore } from '../../src/backplanes/shared/forwarded-store.ts';
import type { Position } from '../../src/protocol/position.ts';
import type { TopicName } from '../../src/protocol/topic.ts';
import type { Backplane, Delivery, ReadResult } from '../../src/server/backplane.ts';
import type { BackplanePeer } from '../../src/testing/backplane-processes-contract.ts';
import type { Ask, Method, Tell } from './backplane-messages.ts';

export class RemoteBackplane implements Backplane, BackplanePeer {
	readonly name = 'remote';
	readonly store = new ForwardedStore((call) => this.#ask('store', call));
	readonly process: ChildProcess;
	readonly #pending = new Map<number, PromiseWithResolvers<unknown>>();
	#asks = 0;
	#deliver: (delivery: Delivery) => void = () => {};

	private constructor(child: ChildProcess) {
		this.process = child;
		child.on('message', (message: Tell) => this.#hear(message));
		child.on('exit', () => this.#ended());
	}

	/** @param module a path to a module that exports `create(settings): Backplane` */
	static async fork(module: string, env: Record<string, string> = {}): Promise<RemoteBackplane> {
		const child = fork(join(import.meta.dirname, 'backplane-process.ts'), [module], {
			env: { ...process.env, ...env },
			execArgv: ['--disable-warning=ExperimentalWarning'],
			serialization: 'advanced'
		});
		const remote = new RemoteBackplane(child);
		const ready = Promise.withResolvers<unknown>();
		remote.#pending.set(0, ready);
		await ready.promise;
		return remote;
	}

	get backplane(): Backplane {
		return this;
	}

	get isRunning(): boolean {
		return this.process.exitCode === null && this.process.signalCode === null;
	}

	/** Begins a new backplane in the process. */
	async create(settings?: unknown): Promise<this> {
		this.#deliver = () => {};
		await this.#ask('create', settings);
		return this;
	}

	async kill(): Promise<void> {
		if (!this.isRunning) return;
		// The second is when its parent has read everything that it sent.
		const ended = [once(this.process, 'exit'), once(this.process, 'disconnect')];
		this.process.kill('SIGKILL');
		await Promise.all(ended);
	}

	async start(deliver: (delivery: Delivery) => void): Promise<void> {
		this.#deliver = deliver;
		await this.#ask('start');
	}

	async stop(clean?: boolean): Promise<void> {
		if (this.isRunning) await this.#ask('stop', clean);
	}

	subscribe(topic: TopicName): Promise<Position> {
		return this.#ask('subscribe', topic) as Promise<Position>;
	}

	unsubscribe(topic: TopicName): void {
		void this.#ask('unsubscribe', topic);
	}

	head(topic: TopicName): Promise<Position> {
		return this.#ask('head', topic) as Promise<Position>;
	}

	append(topic: TopicName, body: string): Promise<Position> {
		return this.#ask('append', topic, body) as Promise<Position>;
	}

	async broadcast(topic: TopicName, body: string, conflationKey: string | null): Promise<void> {
		await this.#ask('broadcast', topic, body, conflationKey);
	}

	read(topic: TopicName, after: Position): Promise<ReadResult> {
		return this.#ask('read', topic, after) as Promise<ReadResult>;
	}

	#ask(method: Method | 'create', ...args: unknown[]): Promise<unknown> {
		const pending = Promise.withResolvers<unknown>();
		const ask = ++this.#asks;
		this.#pending.set(ask, pending);
		if (this.isRunning) this.process.send({ ask, method, args } satisfies Ask, () => {});
		else this.#ended();
		return pending.promise;
	}

	#hear(message: Tell): void {
		if ('delivery' in message) return this.#deliver(message.delivery);
		if (!('answer' in message)) return;
		const pending = this.#pending.get(message.answer);
		this.#pending.delete(message.answer);
		if ('value' in message) return pending?.resolve(message.value);
		const { code, message: text } = message.failure;
		pending?.reject(code === undefined ? new Error(text) : new LiveError(code, text));
	}

	#ended(): void {
		const pending = [...this.#pending.values()];
		this.#pending.clear();
		for (const { reject } of pending) reject(new Error('the process has ended'));
	}
}
