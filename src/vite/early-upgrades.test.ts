import { EventEmitter } from 'node:events';
import { PassThrough } from 'node:stream';
import { expect, test } from 'vitest';
import { EarlyUpgrades } from './early-upgrades.ts';

test('upgrades of our path wait until somebody listens, others do not', () => {
	const server = new EventEmitter();
	const early = new EarlyUpgrades(server, '/__live');
	const [ours, other] = [new PassThrough(), new PassThrough()];
	server.emit('upgrade', { url: '/__live?x=1' }, ours, Buffer.of(1));
	server.emit('upgrade', { url: '/' }, other, Buffer.of());
	ours.emit('error', new Error('reset')); // Nobody else listens yet: it must not end the process.

	const seen: unknown[] = [];
	server.on('upgrade', (request: { url: string }, socket, head) => seen.push([request.url, socket, head]));
	early.release();
	expect(seen).toEqual([['/__live?x=1', ours, Buffer.of(1)]]);
	server.emit('upgrade', { url: '/__live' }, ours, Buffer.of());
	expect(seen).toHaveLength(2);
});
