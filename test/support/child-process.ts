// What the programs have in common that tests start and end.
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';

const STOP_TIMEOUT_MS = 15_000;

/** Collects what a program prints. Returns what that was so far. */
export function outputOf(child: ChildProcess): () => string {
	let text = '';
	for (const stream of [child.stdout, child.stderr]) {
		stream?.setEncoding('utf8');
		stream?.on('data', (chunk: string) => (text += chunk));
	}
	return () => text;
}

/** Sends SIGTERM and waits for the end. Resolves to the exit code, null where it was killed, by us when it took too long. */
export async function stopProcess(child: ChildProcess): Promise<number | null> {
	if (child.exitCode !== null || child.signalCode !== null) return child.exitCode;
	const ended = once(child, 'exit');
	const timer = setTimeout(() => child.kill('SIGKILL'), STOP_TIMEOUT_MS);
	child.kill('SIGTERM');
	await ended;
	clearTimeout(timer);
	return child.exitCode;
}
