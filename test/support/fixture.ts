// Working copies of the fixture apps, with the built package installed as npm would do it (a folder of its own, no link),
// and the processes that tests run in them.
import type { ChildProcess } from 'node:child_process';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { freePort } from '../../scripts/lib/port.ts';
import { root } from '../../scripts/lib/run.ts';
import { outputOf, stopProcess } from './child-process.ts';

/** SvelteKit 3 as in the root, and SvelteKit 2 with its own older companions. */
export type FixtureName = 'kit2' | 'kit3';

export interface FixtureOptions {
	/** Files to leave out, as `src/routes/awaited`. */
	without?: string[];
	/** Files to write, by path. */
	files?: Record<string, string>;
	/** Added to the environment of everything that runs in it. */
	env?: Record<string, string>;
}

const START_TIMEOUT_MS = 60_000;

export class Fixture implements AsyncDisposable {
	readonly folder: string;
	readonly #env: NodeJS.ProcessEnv;
	readonly #running = new Set<RunningApp>();

	constructor(name: FixtureName, options: FixtureOptions = {}) {
		const home = join(root, 'fixtures', name);
		mkdirSync(join(home, '.work'), { recursive: true });
		// Below the fixture, so that its own dependencies are found.
		this.folder = mkdtempSync(join(home, '.work', 'app-'));
		// What is printed is searched for words, and CI makes some programs print colours between their letters.
		this.#env = { ...process.env, NODE_ENV: undefined, VITEST: undefined, NO_COLOR: '1', ...options.env };
		cpSync(join(root, 'fixtures/app'), this.folder, { recursive: true });
		cpSync(join(home, 'overlay'), this.folder, { recursive: true });
		for (const path of options.without ?? []) rmSync(this.path(path), { recursive: true });
		for (const [path, text] of Object.entries(options.files ?? {})) this.write(path, text);
		this.#install();
	}

	path(path: string): string {
		return join(this.folder, path);
	}

	read(path: string): string {
		return readFileSync(this.path(path), 'utf8');
	}

	write(path: string, text: string): void {
		mkdirSync(dirname(this.path(path)), { recursive: true });
		writeFileSync(this.path(path), text);
	}

	/** Changes a file in place. Fails where there is nothing to replace. */
	edit(path: string, from: string, to: string): void {
		const text = this.read(path);
		if (!text.includes(from)) throw new Error(`${path} has no ${JSON.stringify(from)}`);
		this.write(path, text.replace(from, to));
	}

	/** Runs `vite build`. Resolves to what it printed; rejects with that where it fails. */
	async build(env: Record<string, string> = {}): Promise<string> {
		const { code, output } = await this.run([this.#vite(), 'build'], env);
		if (code !== 0) throw new Error(output);
		return output;
	}

	/** Runs a Node program to its end. */
	async run(args: string[], env: Record<string, string> = {}): Promise<{ code: number | null; output: string }> {
		const child = spawn(process.execPath, args, { cwd: this.folder, env: { ...this.#env, ...env } });
		const output = outputOf(child);
		const [code] = (await once(child, 'close')) as [number | null];
		return { code, output: output() };
	}

	dev(env: Record<string, string> = {}): Promise<RunningApp> {
		return this.#serve((port) => [this.#vite(), 'dev', ...onPort(port)], env);
	}

	preview(env: Record<string, string> = {}): Promise<RunningApp> {
		return this.#serve((port) => [this.#vite(), 'preview', ...onPort(port)], env);
	}

	/** Runs a server program, adapter-node's by default, with its port in `PORT`. */
	start(program = 'build', env: Record<string, string> = {}): Promise<RunningApp> {
		return this.#serve(() => [program], { NODE_ENV: 'production', ...env });
	}

	/** Runs `tidewire serve`. Resolves when every worker listens. */
	async workers(args: string[], env: Record<string, string> = {}): Promise<RunningApp> {
		const command = this.path('node_modules/tidewire/dist/cli/tidewire.js');
		const app = await this.#serve(() => [command, 'serve', ...args], { NODE_ENV: 'production', ...env });
		await app.printed(/serve /);
		return app;
	}

	async [Symbol.asyncDispose](): Promise<void> {
		await Promise.all([...this.#running].map((app) => app.stop()));
		rmSync(this.folder, { recursive: true, force: true });
	}

	async #serve(args: (port: number) => string[], env: Record<string, string>): Promise<RunningApp> {
		const port = Number(env['PORT'] ?? (await freePort()));
		const child = spawn(process.execPath, args(port), {
			cwd: this.folder,
			env: { ...this.#env, PORT: String(port), HOST: '127.0.0.1', ...env },
			stdio: ['ignore', 'pipe', 'pipe']
		});
		const app = new RunningApp(child, port);
		this.#running.add(app);
		await app.listening();
		return app;
	}

	/** A folder of its own and no link: as the package is in the app of a user. */
	#install(): void {
		const target = this.path('node_modules/tidewire');
		cpSync(process.env['TIDEWIRE_DIST'] ?? join(root, 'dist'), join(target, 'dist'), { recursive: true });
		cpSync(join(root, 'src'), join(target, 'src'), {
			recursive: true,
			filter: (path) => !/\.(test|test-d)\.ts$/.test(path)
		});
		cpSync(join(root, 'package.json'), join(target, 'package.json'));
	}

	/** The version of a package that the fixture resolves to. */
	versionOf(name: string): string {
		const { version } = JSON.parse(readFileSync(this.#packageFile(name), 'utf8')) as { version: string };
		return version;
	}

	#packageFile(name: string): string {
		return createRequire(this.path('package.json')).resolve(`${name}/package.json`);
	}

	/** A program of a package that the fixture resolves to. */
	bin(name: string, program: string): string {
		const folder = dirname(this.#packageFile(name));
		return [join(folder, 'bin', program), join(folder, program)].find((file) => existsSync(file)) ?? program;
	}

	#vite(): string {
		return this.bin('vite', 'vite.js');
	}
}

const onPort = (port: number): string[] => [
	...['--host', '127.0.0.1', '--port', String(port)],
	...['--strictPort', '--clearScreen', 'false']
];

export class RunningApp {
	readonly port: number;
	readonly child: ChildProcess;
	readonly output: () => string;
	/** Resolves when the process has ended by itself or by `stop`. */
	readonly exited: Promise<{ code: number | null }>;

	constructor(child: ChildProcess, port: number) {
		this.child = child;
		this.port = port;
		this.output = outputOf(child);
		this.exited = once(child, 'close').then(([code]) => ({ code: code as number | null }));
	}

	get url(): string {
		return `http://127.0.0.1:${this.port}`;
	}

	get socketUrl(): string {
		return `ws://127.0.0.1:${this.port}/__live`;
	}

	/** Resolves when it listens; rejects with its output where it ends before. */
	async listening(): Promise<void> {
		const ready = this.printed(/Local:|Listening on|listens/, START_TIMEOUT_MS);
		const ended = await Promise.race([ready, this.exited]);
		if (ended !== undefined) throw new Error(`the server ended with ${ended.code}:\n${this.output()}`);
	}

	/** Resolves when the output matches. */
	async printed(pattern: RegExp, timeoutMs = 20_000): Promise<void> {
		const deadline = Date.now() + timeoutMs;
		while (!pattern.test(this.output())) {
			if (Date.now() > deadline) throw new Error(`${String(pattern)} was not printed:\n${this.output()}`);
			await new Promise((resolve) => setTimeout(resolve, 20));
		}
	}

	/** Sends SIGTERM. Resolves to the exit code and how long it took; the code is null where it had to be killed. */
	async stop(): Promise<{ code: number | null; ms: number }> {
		const startedAt = performance.now();
		await stopProcess(this.child);
		const { code } = await this.exited;
		return { code, ms: performance.now() - startedAt };
	}
}

/** Whether the package was built; the steps of `npm test` do that before. */
export const isBuilt = (): boolean => existsSync(process.env['TIDEWIRE_DIST'] ?? join(root, 'dist'));
