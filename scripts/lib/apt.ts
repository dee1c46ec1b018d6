// Installs packages of the system where this process may do that. Nothing is downloaded from anywhere else.
import { existsSync } from 'node:fs';
import { capture, run } from './run.ts';

/** Installs packages by apt; returns why that was not possible, if it was not. */
export async function aptInstall(what: string, packages: string[]): Promise<string | undefined> {
	if (!existsSync('/usr/bin/apt-get')) return `there is no ${what} here and no apt-get to install it`;
	const prefix = await rootPrefix();
	if (!prefix) return `there is no ${what} here and apt-get needs root (or sudo without a password)`;
	console.log(`${what} is missing: installing it with apt-get`);
	// Services are started by the tests that need them, on ports of their own.
	const env = { DEBIAN_FRONTEND: 'noninteractive', RUNLEVEL: '1' };
	for (const args of [['update'], ['install', '-y', '--no-install-recommends', ...packages]]) {
		const [command, ...rest] = [...prefix, 'apt-get', '-q', ...args];
		if ((await run(command, rest, { env })) !== 0) return `apt-get ${args.join(' ')} failed`;
	}
	return undefined;
}

/** What to put before a command that needs root: nothing, `sudo`, or undefined when there is no way. */
async function rootPrefix(): Promise<[string, ...string[]] | [] | undefined> {
	if (process.getuid?.() === 0) return [];
	if (!existsSync('/usr/bin/sudo')) return undefined;
	const { code } = await capture('sudo', ['-n', 'true']);
	return code === 0 ? ['sudo', '-n'] : undefined;
}
