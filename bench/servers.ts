// The servers that are compared, and how each is started.

import { fileURLToPath } from 'node:url';
import type { DialectName } from './client/dialects.ts';

export interface Server {
	name: string;
	command: readonly string[];
	dialect: DialectName;
}

const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url));
const onNode = (path: string): string[] => [process.execPath, here(path)];

export const SERVERS: Server[] = [
	{ name: 'tidewire', command: onNode('server.ts'), dialect: 'tidewire' },
	{ name: 'ws', command: onNode('peers/ws.ts'), dialect: 'raw' }
];
