// A server of the board example, in a folder of its own that ends with it.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startExample, type Mode, type RunningExample } from '../../support/example.ts';

export interface BoardServerOptions {
	/** @default 'production' */
	mode?: Mode | undefined;
	/** Added to the server's environment. */
	env?: Record<string, string>;
}

export class BoardServer implements AsyncDisposable {
	/** Holds the database, the history of tidewire's topics and the attached files. */
	readonly folder = mkdtempSync(join(tmpdir(), 'tidewire-board-'));
	readonly database = join(this.folder, 'board.db');
	readonly #mode: Mode;
	readonly #env: Record<string, string>;
	#app: RunningExample | undefined;

	private constructor({ mode = 'production', env = {} }: BoardServerOptions) {
		this.#mode = mode;
		this.#env = { BOARD_DB: this.database, ...env };
	}

	static async start(options: BoardServerOptions): Promise<BoardServer> {
		const server = new BoardServer(options);
		try {
			await server.#start({});
		} catch (error) {
			await server[Symbol.asyncDispose]();
			throw error;
		}
		return server;
	}

	/** The process that runs now. */
	get app(): RunningExample {
		if (!this.#app) throw new Error('the board has not started');
		return this.#app;
	}

	get url(): string {
		return this.app.url;
	}

	/** Kills it, as a crash does, and starts it again at the same address. */
	async crash(): Promise<void> {
		const PORT = new URL(this.url).port;
		await this.app.kill();
		await this.#start({ PORT });
	}

	async [Symbol.asyncDispose](): Promise<void> {
		await this.#app?.stop();
		rmSync(this.folder, { recursive: true, force: true });
	}

	async #start(env: Record<string, string>): Promise<void> {
		this.#app = await startExample('board', this.#mode, { ...this.#env, ...env });
	}
}
