// Starts other programs for the scripts. Everything here runs in the project's folder, with the tools and the Node of
// its own node_modules first on the path, also when a script was started without npm.
import { spawn } from 'node:child_process';
import { delimiter, join } from 'node:path';

/** The project's folder. */
export const root = join(import.meta.dirname, '..', '..');

const env = { ...process.env, PATH: [join(root, 'node_modules', '.bin'), process.env['PATH']].join(delimiter) };

export interface RunOptions {
	/** @default the project's folder */
	cwd?: string;
	/** Added to the environment of the script itself. */
	env?: Record<string, string>;
}

/** Runs a program to its end with the script's own output; resolves to its exit code (1 when it never started). */
export async function run(command: string, args: string[], options: RunOptions = {}): Promise<number> {
	const child = spawn(command, args, { cwd: root, ...options, env: { ...env, ...options.env }, stdio: 'inherit' });
	return await exitCode(child, command);
}

/** Like `run`, but collects what the program prints (both streams) instead of showing it. */
export async function capture(
	command: string,
	args: string[],
	options: RunOptions = {}
): Promise<{ code: number; output: string }> {
	const child = spawn(command, args, {
		cwd: root,
		...options,
		env: { ...env, ...options.env },
		stdio: ['ignore', 'pipe', 'pipe']
	});
	let output = '';
	for (const stream of [child.stdout, child.stderr]) {
		stream.setEncoding('utf8');
		stream.on('data', (text: string) => (output += text));
	}
	return { code: await exitCode(child, command), output };
}

function exitCode(child: ReturnType<typeof spawn>, command: string): Promise<number> {
	return new Promise((resolve) => {
		child.on('error', (error) => {
			console.error(`${command} did not start: ${error.message}`);
			resolve(1);
		});
		child.on('close', (code) => resolve(code ?? 1));
	});
}
