// The driver's end of one server process: starts it, asks it, and does to it what happens to processes.

import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Answers, Appended, Question, ServerSettings, Tell } from './messages.ts';

export interface ServerListener {
	appended(event: Appended): void;
	reported(text: string): void;
}

/** Processes that have loaded everything and wait for their task. */
const spares: ChildProcess[] = [];
const SPARES = 2;

function spare(): ChildProcess {
	while (spares.length <= SPARES) {
		const child = fork(join(import.meta.dirname, 'server-process.ts'), [], {
			execArgv: ['--disable-warning=ExperimentalWarning'],
			stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
			env: { ...process.env, NODE_COMPILE_CACHE: join(tmpdir(), 'tidewire-torture-cache') }
		});
		spares.push(child);
	}
	return spares.shift()!;
}

/** Ends the processes that wait for a task. */
export function endSpares(): void {
	for (const child of spares.splice(0)) child.kill('SIGKILL');
}

export class Server {
	readonly name: string;
	readonly url: string;
	readonly #child: ChildProcess;
	readonly #answers = new Map<number, PromiseWithResolvers<unknown>>();
	#asks = 0;
	/** Whether it was stopped by SIGSTOP. */
	frozen = false;

	private constructor(name: string, port: number, child: ChildProcess) {
		this.name = name;
		this.url = `ws://127.0.0.1:${port}/__live`;
		this.#child = child;
		child.on('exit', () => {
			for (const { reject } of this.#answers.values()) reject(new Error(`${name} has ended`));
			this.#answers.clear();
		});
	}

	/** Begins a server. @throws {Error} where it ended before it listened: its service cannot be reached, for example */
	static async start(settings: ServerSettings, listener: ServerListener): Promise<Server> {
		const child = spare();
		child.stderr?.on('data', (chunk: Buffer) => listener.reported(chunk.toString().trim()));
		const { promise, resolve, reject } = Promise.withResolvers<Server>();
		let server: Server | null = null;
		child.on('message', (message: Tell) => {
			if (message.kind === 'ready') resolve((server = new Server(settings.name, message.port, child)));
			else if (message.kind === 'appended') listener.appended(message.event);
			else if (message.kind === 'reported') listener.reported(message.text);
			else if (server !== null) server.#settle(message);
		});
		child.once('exit', () => reject(new Error(`${settings.name} ended while it started`)));
		child.send(settings);
		return await promise;
	}

	#settle(message: Extract<Tell, { ask: number }>): void {
		const answer = this.#answers.get(message.ask);
		this.#answers.delete(message.ask);
		if (message.kind === 'answer') answer?.resolve(message.value);
		else answer?.reject(new Error(message.message));
	}

	get isRunning(): boolean {
		return this.#child.exitCode === null && this.#child.signalCode === null;
	}

	/** @throws {Error} what it failed with, or that it has ended */
	async ask<Kind extends Question['kind']>(question: Extract<Question, { kind: Kind }>): Promise<Answers[Kind]> {
		if (!this.isRunning) throw new Error(`${this.name} has ended`);
		const ask = ++this.#asks;
		const answer = Promise.withResolvers<unknown>();
		this.#answers.set(ask, answer);
		this.#child.send({ ask, ...question }, () => {});
		return (await answer.promise) as Answers[Kind];
	}

	freeze(): void {
		this.frozen = this.#child.kill('SIGSTOP');
	}

	thaw(): void {
		this.frozen = false;
		this.#child.kill('SIGCONT');
	}

	async kill(): Promise<void> {
		if (!this.isRunning) return;
		const ended = once(this.#child, 'exit');
		this.#child.kill('SIGKILL');
		await ended;
	}

	/** Ends it in order; returns its exit code. */
	async leave(): Promise<number | null> {
		const ended = once(this.#child, 'exit') as Promise<[number | null]>;
		await this.ask({ kind: 'leave' });
		return (await ended)[0];
	}
}
