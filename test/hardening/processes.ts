// Starts the processes of these tests, and ends them with the test.
import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import type { Command, Latencies, LatenciesOf, ReaderSettings, ServerSettings, Stats } from './protocol.ts';

export class Process<Question, Answer> implements AsyncDisposable {
	readonly child: ChildProcess;
	#output = '';

	constructor(file: string, settings: unknown) {
		this.child = fork(join(import.meta.dirname, file), [JSON.stringify(settings)], {
			execArgv: ['--expose-gc', '--disable-warning=ExperimentalWarning'],
			stdio: ['ignore', 'pipe', 'pipe', 'ipc']
		});
		for (const stream of [this.child.stdout, this.child.stderr]) {
			stream?.on('data', (chunk: Buffer) => (this.#output += chunk.toString()));
		}
	}

	get output(): string {
		return this.#output;
	}

	get isRunning(): boolean {
		return this.child.exitCode === null && this.child.signalCode === null;
	}

	/** Sends a question and resolves to the next message that comes back. */
	async ask(question: Question): Promise<Answer> {
		const answer = this.heard<Answer>();
		this.child.send(question as object);
		return await answer;
	}

	/** The next message. Rejects when the process ends instead. */
	heard<Message>(): Promise<Message> {
		return new Promise((resolve, reject) => {
			const onMessage = (message: unknown): void => {
				this.child.off('exit', onExit);
				resolve(message as Message);
			};
			const onExit = (): void => {
				this.child.off('message', onMessage);
				reject(new Error(`the process ended:\n${this.#output}`));
			};
			this.child.once('message', onMessage).once('exit', onExit);
		});
	}

	async [Symbol.asyncDispose](): Promise<void> {
		if (!this.isRunning) return;
		const ended = once(this.child, 'exit');
		this.child.kill('SIGKILL');
		await ended;
	}
}

export type ServerProcess = Process<Command, Stats> & { url: string; port: number };

export async function startServerProcess(settings: ServerSettings = {}): Promise<ServerProcess> {
	const server = new Process<Command, Stats>('server-process.ts', settings);
	const { port } = await server.heard<{ port: number }>();
	return Object.assign(server, { port, url: `ws://127.0.0.1:${port}/__live` });
}

export async function startReaders(settings: ReaderSettings): Promise<Process<LatenciesOf, Latencies>> {
	const readers = new Process<LatenciesOf, Latencies>('reader-process.ts', settings);
	await readers.heard();
	return readers;
}
