import { describe, expect, it } from 'vitest';
import { encodeTopic } from '../../protocol/topic.ts';
import { Notifier, type Broadcast } from './notifier.ts';

const TOPIC = encodeTopic(['cursors']);
/** What the server refuses. */
const TOO_LONG = 8_000;

/** Two processes on one channel, which hear what is sent in the order in which it was. */
class Channel {
	readonly sent: string[][] = [];
	readonly heard: string[][] = [[], []];
	/** Whether what is sent fails. */
	isAway = false;
	readonly processes = [0, 1].map((index) => this.#make(this.heard[index]!));

	#make(heard: string[]): Notifier {
		return new Notifier({
			clock: { defer: queueMicrotask },
			send: async (payloads) => {
				if (this.isAway) throw new Error('away');
				this.sent.push([...payloads]);
				for (const payload of payloads) for (const process of this.processes) process.receive(payload);
			},
			woken: (id, head) => heard.push(`woken ${id}:${head}`),
			wokenAll: () => heard.push('woken all'),
			broadcast: ([topic, body, key]) => heard.push(`${topic} ${body} ${key}`),
			changed: () => heard.push('changed'),
			dropped: (payload) => heard.push(`dropped ${payload}`),
			failed: () => heard.push('failed')
		});
	}
}

const broadcast = (body: string): Broadcast => [TOPIC, body, null];

describe('a notifier', () => {
	it('tells every process what was broadcast, the sender too, and resolves when that has come back', async () => {
		const { processes, heard, sent } = new Channel();
		await Promise.all(['a', 'b'].map((body) => processes[0]!.broadcast(broadcast(body))));
		expect(heard).toEqual([
			['cursors a null', 'cursors b null'],
			['cursors a null', 'cursors b null']
		]);
		expect(sent).toHaveLength(1);
	});

	it('tells of each topic once how far it has grown, in payloads that the server takes', async () => {
		const { processes, heard, sent } = new Channel();
		for (let id = 1; id <= 1_000; id++)
			for (const offset of [2, 3, 1]) processes[0]!.wake({ id, offset, incarnation: '' });
		await processes[0]!.drained();
		expect(heard[1]).toHaveLength(1_000);
		expect(heard[1]!.at(-1)).toBe('woken 1000:3');
		expect(Math.max(...sent.flat().map((payload) => Buffer.byteLength(payload)))).toBeLessThan(TOO_LONG);
	});

	it.each(['x', '\u20ac', '\u{1f600}', '\ud83d'])('sends what is too long in pieces: %j', async (unit) => {
		const { processes, heard, sent } = new Channel();
		const body = JSON.stringify(unit.repeat(20_000));
		await processes[0]!.broadcast(broadcast(body));
		expect(heard[1]).toEqual([`cursors ${body} null`]);
		expect(sent.flat().length).toBeGreaterThan(2);
		expect(Math.max(...sent.flat().map((payload) => Buffer.byteLength(payload)))).toBeLessThan(TOO_LONG);
	});

	it('fails what could not be sent, and what will not come back', async () => {
		const channel = new Channel();
		const [process] = channel.processes;
		channel.isAway = true;
		await expect(process!.broadcast(broadcast('a'))).rejects.toMatchObject({ code: 'UNAVAILABLE' });
		expect(channel.heard[0]).toEqual(['failed']);
		channel.isAway = false;
		channel.processes.length = 0; // nobody hears it
		const waiting = process!.broadcast(broadcast('b'));
		await process!.drained();
		process!.lost('the connection was closed');
		await expect(waiting).rejects.toThrow(/the connection was closed/);
	});

	it('refuses to let more than its limit wait', async () => {
		const [process] = new Channel().processes;
		const waiting = Array.from({ length: 10_000 }, () => process!.broadcast(null));
		await expect(process!.broadcast(null)).rejects.toThrow(/10000 broadcasts wait for it already/);
		await Promise.all(waiting);
	});

	it.each(['', 'hello', 'w', 'w1:x', 'bx:1:0:1:{', 'bx:2:0:1:[["a"]]'])('leaves %j of others alone', (payload) => {
		const { processes, heard } = new Channel();
		processes[0]!.receive(payload);
		expect(heard[0]![0]).toMatch(/^dropped/);
	});
});
