// Finds what can run the transports that are not Node's, and starts programs there.
import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { existsSync, globSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, delimiter, join } from 'node:path';
import { build } from 'vite';
import { root } from '../../../scripts/lib/run.ts';

/** How a program of this folder is started; a sentence where it cannot be. */
export type Runtime = { command: (program: string) => Promise<Start> } | { missing: string };

interface Start extends Disposable {
	command: string;
	args: string[];
	env: Record<string, string>;
}

/** What a title adds where the tests under it are skipped; says so, too, since a report of the run counts them only. */
export function unless(runtime: Runtime): string {
	if (!('missing' in runtime)) return '';
	process.stdout.write(`skipped: the tests of a transport, because ${runtime.missing}\n`);
	return ` (skipped: ${runtime.missing})`;
}

const here = (program: string): string => join(import.meta.dirname, program);

/** The first of some programs that ends well with these arguments. */
const firstThatRuns = (programs: readonly string[], args: readonly string[]): string | undefined =>
	programs.find((program) => existsSync(program) && spawnSync(program, args, { timeout: 20_000 }).status === 0);

/** Where npm may not run the package's install script, the binary is in a package of its own. */
export function findBun(): string | undefined {
	const folders = [join(root, 'node_modules'), join(root, 'bench/node_modules')];
	const binaries = folders.flatMap((folder) => [
		join(folder, '.bin/bun'),
		...globSync(join(folder, '@oven/*/bin/bun*'))
	]);
	return firstThatRuns(binaries, ['--version']);
}

export function bunRuntime(): Runtime {
	const bun = findBun();
	if (bun === undefined) return { missing: 'there is no binary of Bun for this machine' };
	return {
		command: async (program) => ({ command: bun, args: [here(program)], env: {}, [Symbol.dispose]: () => {} })
	};
}

const UWS = join(root, 'bench/uws/node_modules/uwebsockets/ESM_wrapper.mjs');

/** Its binaries are for some versions of Node only, of which the newest here may be too old to strip types. */
export function uwsRuntime(): Runtime {
	if (!existsSync(UWS)) return { missing: '`npm install --prefix bench/uws` brings uWebSockets.js, and was not run' };
	const nodes = [process.execPath, ...(process.env['PATH'] ?? '').split(delimiter).map((path) => join(path, 'node'))];
	const node = firstThatRuns(nodes, ['--input-type=module', '--eval', `await import(${JSON.stringify(UWS)})`]);
	if (node === undefined) return { missing: 'no Node on PATH loads the binaries of uWebSockets.js (Node 20 does)' };
	return { command: (program) => bundled(node, program) };
}

/** What Node 20 lacks and the package uses. */
const POLYFILL = `Promise.withResolvers ??= function () {
	let resolve, reject;
	const promise = new this((...both) => ([resolve, reject] = both));
	return { promise, resolve, reject };
};`;

async function bundled(node: string, program: string): Promise<Start> {
	const folder = mkdtempSync(join(tmpdir(), 'tidewire-uws-'));
	await build({
		root,
		configFile: false,
		logLevel: 'error',
		ssr: { noExternal: true },
		build: {
			ssr: here(program),
			outDir: folder,
			rolldownOptions: { output: { entryFileNames: '[name].mjs' } }
		}
	});
	const polyfill = join(folder, 'polyfill.mjs');
	writeFileSync(polyfill, POLYFILL);
	return {
		command: node,
		args: ['--import', polyfill, join(folder, `${basename(program, '.ts')}.mjs`)],
		env: { UWS_MODULE: UWS },
		[Symbol.dispose]: () => rmSync(folder, { recursive: true, force: true })
	};
}

/** Starts a program of this folder; `onLine` gets what it prints. */
export async function startProgram(
	runtime: Runtime,
	[program, ...args]: [string, ...string[]],
	onLine: (line: string) => void
): Promise<ChildProcess> {
	if ('missing' in runtime) throw new Error(runtime.missing);
	const start = await runtime.command(program);
	const child = spawn(start.command, [...start.args, ...args], {
		stdio: ['ignore', 'pipe', 'inherit'],
		env: { ...process.env, ...start.env }
	});
	let rest = '';
	child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
		const lines = (rest + chunk).split('\n');
		rest = lines.pop() ?? '';
		for (const line of lines) onLine(line);
	});
	child.on('exit', () => start[Symbol.dispose]());
	return child;
}
