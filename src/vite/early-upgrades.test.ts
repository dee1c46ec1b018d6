import { EventEmitter } from 'node:events';
import { PassThrough } from 'node:stream';
import { expect, test } from 'vitest';
import { EarlyUpgrades } from './early-upgrades.ts';

const request = (url: string, headers: Record<string, string> = {}) => ({ url, headers });

test('upgrades wait until somebody listens, those of hot reload do not', () => {
	const server = new EventEmitter();
	const early = new EarlyUpgrades(server);
	const [ours, vites] = [new PassThrough(), new PassThrough()];
	server.emit('upgrade', request('/__live?x=1'), ours, Buffer.of(1));
	server.emit('upgrade', request('/', { 'sec-websocket-protocol': 'vite-hmr' }), vites, Buffer.of());
	ours.emit('error', new Error('reset')); // Nobody else listens yet: it must not end the process.

	const seen: unknown[] = [];
	server.on('upgrade', ({ url }: { url: string }, socket, head) => seen.push([url, socket, head]));
	early.release();
	expect(seen).toEqual([['/__live?x=1', ours, Buffer.of(1)]]);
	server.emit('upgrade', request('/__live'), ours, Buffer.of());
	expect(seen).toHaveLength(2);
});

test('a listener that was there before hears of an upgrade once', () => {
	const server = new EventEmitter();
	const heard: string[] = [];
	server.on('upgrade', () => heard.push('proxy'));
	const early = new EarlyUpgrades(server);
	server.emit('upgrade', request('/proxied'), new PassThrough(), Buffer.of());
	server.on('upgrade', () => heard.push('door'));
	early.release();
	expect(heard).toEqual(['proxy', 'door']);
});
