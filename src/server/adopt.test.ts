import { expect, test } from 'vitest';
import { memory } from '../backplanes/memory/memory.ts';
import type { LiveError } from '../base/errors.ts';
import { VirtualClock } from '../testing/virtual-clock.ts';
import type { LiveConnection } from './live-connection.ts';
import { LiveServer } from './server.ts';
import type { Session } from './session.ts';

/** A connection of another protocol, which closes as soon as it is told goodbye. */
function visitor(server: LiveServer, session: Partial<Session> = {}) {
	const log: string[] = [];
	let work = 0;
	const connection: LiveConnection = {
		id: 'raw',
		session: { user: { id: 'ada' }, ...session },
		state: 'open',
		queuedBytes: 0,
		get pendingCalls() {
			return work;
		},
		flush() {},
		beat: () => void log.push('beat'),
		reload() {},
		goodbye(error: LiveError) {
			log.push(error.code);
			parts.stateChanged(connection, 'closed');
		},
		terminate: () => void log.push('terminated')
	};
	const parts = server.adopt(connection);
	const busy = (calls: number): void => {
		work = calls;
		if (calls === 0) parts.callsDone(connection);
	};
	return { log, busy };
}

async function started(limits = {}) {
	const clock = new VirtualClock();
	const server = new LiveServer({ backplane: memory(), clock, limits });
	await server.start();
	return { clock, server };
}

test('an adopted connection is asked for signs of life, and ends with its session', async () => {
	const { clock, server } = await started({ heartbeatMs: 8_000 });
	const { log } = visitor(server, { expiresAt: clock.wallTime() + 10_000 });
	await clock.advance(8_000);
	expect(log).toEqual(['beat']);
	await clock.advance(2_500);
	expect(log).toEqual(['beat', 'SESSION_EXPIRED']);
	expect(server.connections.size).toBe(0);
	await server.stop();
});

test('an adopted connection ends when its user is revoked', async () => {
	const { server } = await started();
	const { log } = visitor(server);
	await server.revoke('ada');
	expect(log).toEqual(['SESSION_EXPIRED']);
	await server.stop();
});

test('an adopted connection counts as one of its user', async () => {
	const { server } = await started({ connectionsPerUser: 1 });
	visitor(server);
	expect(() => visitor(server)).toThrow(expect.objectContaining({ code: 'TOO_MANY' }) as Error);
	expect(server.connections.size).toBe(1);
	await server.stop();
});

test('a server that drains waits for the work of an adopted connection, and adopts no more', async () => {
	const { server } = await started();
	const { log, busy } = visitor(server);
	busy(1);
	const drained = server.drain(5_000);
	expect(() => visitor(server)).toThrow(expect.objectContaining({ code: 'GOING_AWAY' }) as Error);
	expect(log).toEqual([]);
	busy(0);
	await drained;
	expect(log).toEqual(['GOING_AWAY']);
	await server.stop();
});
