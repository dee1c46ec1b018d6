// A server that is told to end: what runs is finished, everybody is told when to come back, and the process does end.
import { once } from 'node:events';
import { describe, expect, it } from 'vitest';
import type { Goodbye } from '../../src/protocol/handshake.ts';
import { Attacker } from './attacker.ts';
import { startServerProcess } from './processes.ts';
import { RawPeer } from './raw-peer.ts';

const CALLS = 50;
const SOCKETS = 950;

describe('SIGTERM', () => {
	it('with 1,000 sockets and 50 calls: every call is answered, every client is told when to return, exit 0', async () => {
		await using server = await startServerProcess();
		const callers = await Promise.all(Array.from({ length: CALLS }, () => Attacker.greeted(server.url)));
		// These never answer a close, as clients that are asleep.
		const idle = await Promise.all(Array.from({ length: SOCKETS }, () => RawPeer.upgraded(server.port)));
		for (const caller of callers) caller.send('["call",1,"lib/board/work",[700]]');
		for (const caller of callers) expect(await caller.isServed()).toBe(true);

		const exited = once(server.child, 'exit');
		const started = performance.now();
		server.child.kill('SIGTERM');
		const [code, signal] = (await exited) as [number | null, string | null];
		const tookMs = performance.now() - started;
		const endings = await Promise.all(idle.map((peer) => peer.ended()));

		expect({ code, signal }).toEqual({ code: 0, signal: null });
		expect(tookMs).toBeLessThan(10_000);
		for (const caller of callers) {
			expect(await caller.answerTo(1)).toBe('result');
			expect(await caller.ending()).toEqual({ goodbye: 'GOING_AWAY', close: 1001 });
		}
		expect(endings.filter((ending) => ending.code !== 1001)).toEqual([]);
		const delays = callers.map(({ received }) => received.find(isGoodbye)!.retryAfterMs!);
		expect(Math.min(...delays)).toBeLessThan(1_000);
		expect(Math.max(...delays)).toBeGreaterThan(4_000);
		expect(server.output).not.toMatch(/unhandled|uncaught/i);
	});
});

const isGoodbye = (message: { kind: string }): message is Goodbye => message.kind === 'goodbye';
