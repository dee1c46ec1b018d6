// The servers that are compared, and how each is started.

import { spawnSync } from 'node:child_process';
import { globSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { DialectName } from './client/dialects.ts';

export interface Server {
	name: string;
	command: readonly string[];
	dialect: DialectName;
	/** Whose versions matter. */
	packages: readonly string[];
}

const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url));
const onNode = (path: string): string[] => [process.execPath, here(path)];

/** The first program that can run this: uWebSockets.js comes as a binary for some versions of Node only. */
function firstThatRuns(programs: readonly string[], args: readonly string[]): string | undefined {
	return programs.find((program) => spawnSync(program, args, { cwd: here('uws'), timeout: 10_000 }).status === 0);
}

function nodesOnPath(): string[] {
	return [process.execPath, ...(process.env['PATH'] ?? '').split(delimiter).map((folder) => join(folder, 'node'))];
}

/** npm links it only where it may run the package's install script; the binary lies there anyway. */
function findBun(): string | undefined {
	const folders = ['../node_modules', 'node_modules'].map((folder) => here(folder));
	const binaries = folders.flatMap((folder) => [
		join(folder, '.bin/bun'),
		...globSync(join(folder, '@oven/*/bin/bun'))
	]);
	return firstThatRuns(binaries, ['--version']);
}

/** Bun.serve itself, and tidewire there: on Bun.serve, and on `node:http` as adapter-node's builds are. */
function onBun(): { peers: Server[]; transports: Server[] } {
	const found = findBun();
	if (found === undefined) return { peers: [], transports: [] };
	return {
		peers: [{ name: 'Bun.serve', command: [found, here('peers/bun.js')], dialect: 'raw', packages: ['bun'] }],
		transports: [transport('tidewire/bun', found, 'bun'), transport('tidewire/node@bun', found, 'node')]
	};
}

const transport = (name: string, program: string, kind: string): Server => ({
	name,
	command: [program, here('transport.js'), kind],
	dialect: 'tidewire',
	packages: ['tidewire']
});

/** uWebSockets.js itself, svelte-realtime on it, and tidewire on it and on `node:http` of the same Node. */
function onUws(): { peers: Server[]; transports: Server[] } {
	const found = firstThatRuns(nodesOnPath(), ['--input-type=module', '--eval', 'await import("uwebsockets")']);
	if (found === undefined) return { peers: [], transports: [] };
	return {
		peers: [
			{
				name: 'uWebSockets.js',
				command: [found, here('uws/server.js')],
				dialect: 'raw',
				packages: ['uwebsockets']
			},
			{
				name: 'svelte-realtime',
				command: [found, here('uws/svelte-realtime.js')],
				dialect: 'svelteRealtime',
				packages: ['svelte-realtime']
			}
		],
		transports: [transport('tidewire/uws', found, 'uws'), transport('tidewire/node@uws', found, 'node')]
	};
}

const ON_UWS = onUws();
const ON_BUN = onBun();

/** What this machine can run; the first is the one that all others are compared with. */
export const SERVERS: Server[] = [
	{ name: 'tidewire', command: onNode('server.ts'), dialect: 'tidewire', packages: ['tidewire'] },
	...ON_UWS.peers,
	...ON_BUN.peers,
	{ name: 'ws', command: onNode('peers/ws.ts'), dialect: 'raw', packages: ['ws'] },
	{ name: 'crossws', command: onNode('peers/crossws.ts'), dialect: 'raw', packages: ['crossws'] },
	{ name: 'Socket.IO', command: onNode('peers/socket-io.ts'), dialect: 'socketIo', packages: ['socket.io'] },
	{ name: 'tRPC', command: onNode('peers/trpc.ts'), dialect: 'trpc', packages: ['@trpc/server', 'ws'] }
];

/** tidewire on its other transports: measured where they are named. */
export const TRANSPORTS: Server[] = [...ON_UWS.transports, ...ON_BUN.transports];

const REASONS = new Map([
	[
		'uWebSockets.js',
		'uWebSockets.js and svelte-realtime are not measured: `npm install --prefix bench/uws` first; the binaries load on Node 20.'
	],
	['Bun.serve', 'Bun.serve is not measured: there is no binary of Bun for this machine.']
]);

/** Why peers do not take part. */
export const MISSING: string[] = [
	...[...REASONS].flatMap(([name, reason]) => (SERVERS.some((server) => server.name === name) ? [] : [reason])),
	"SvelteKit's `query.live` does not take part: it is one HTTP response per query and client, with no call, topic or position."
];
