import { beforeEach, describe, expect, it } from 'vitest';
import { idleSocket } from '../../test/support/idle-socket.ts';
import { memory } from '../backplanes/memory/memory.ts';
import { VirtualClock } from '../testing/virtual-clock.ts';
import { live } from '../live/live.ts';
import { LiveServer } from './server.ts';

let clock: VirtualClock;
let server: LiveServer;
let finish: () => void;
/** Whether the backplane was told that everything is published. */
let clean: boolean | undefined;

beforeEach(async () => {
	clock = new VirtualClock();
	clean = undefined;
	const backplane = Object.assign(memory(), { stop: (isClean?: boolean) => void (clean = isClean) });
	server = new LiveServer({ backplane, clock });
	const slow = live(() => new Promise<void>((resolve) => (finish = resolve)));
	server.registry.register('app', { slow });
	await server.start();
	const connection = server.accept(idleSocket(), { user: { id: 'ann' } });
	connection.message('["hello",1]');
	connection.message('["call",1,"app/slow",[]]');
	connection.closed(1006, '');
});

describe('a handler whose caller has gone', () => {
	it('is waited for, since it may have to publish what it stored', async () => {
		const drained = server.drain(1_000);
		await clock.advance(500);
		finish();
		await clock.settle();
		await drained;
		await server.stop();
		expect([clean, clock.now()]).toEqual([true, 500]);
	});

	it('is waited for by everybody who asked for the end: an operator, and then SIGTERM', async () => {
		const drained = [server.drain(1_000), server.drain(1_000)];
		await clock.advance(500);
		finish();
		await clock.settle();
		await Promise.all(drained);
		expect(clock.now()).toBe(500);
	});

	it('makes the end of the server an unclean one where it takes too long', async () => {
		const drained = server.drain(1_000);
		await clock.advance(1_000);
		await drained;
		await server.stop();
		expect(clean).toBe(false);
	});
});
