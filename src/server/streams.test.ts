import { expect, it } from 'vitest';
import { idleSocket } from '../../test/support/idle-socket.ts';
import { memory } from '../backplanes/memory/memory.ts';
import { VirtualClock } from '../testing/virtual-clock.ts';
import { live } from '../live/live.ts';
import { LiveServer } from './server.ts';

it('streams that wait for room end with their connection, also those that wait for their turn to wait', async () => {
	const clock = new VirtualClock();
	const server = new LiveServer({ backplane: memory(), clock });
	server.registry.register('app', {
		rows: live.stream(
			(_, name: string) => name,
			() => []
		)
	});
	await server.start();
	const idleTimers = clock.pending;
	// It has much to send, and sends nothing.
	const connection = server.accept(idleSocket({ bufferedBytes: 100_000 }), { user: { id: 'ann' } });
	connection.message('["hello",1]');
	for (let id = 1; id <= 30; id++) connection.message(`["subscribe",${id},"app/rows",null,["t${id}"]]`);
	await clock.settle();
	expect(clock.pending).toBe(idleTimers + 30);
	connection.closed(1006, '');
	await clock.settle();
	expect([clock.pending, server.topicCount]).toEqual([idleTimers, 0]);
});
