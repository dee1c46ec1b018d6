import { describe, expect, it } from 'vitest';
import { encodeTopic } from '../../protocol/topic.ts';
import { decodeEventBody } from '../../protocol/stream.ts';
import type { Delivery } from '../../server/backplane.ts';
import type { ServerParts } from '../../server/server-parts.ts';
import { VirtualClock } from '../../testing/virtual-clock.ts';
import { Channel, type ChannelOptions } from './channel.ts';
import type { Claim, LoadedClaims } from './claims.ts';

const row = (key: string, text: string): string => JSON.stringify({ key, text });
const claim = (key: string, stamp: number, text: string | null): Claim => [key, stamp, text && row(key, text)];

/** What the store has of one process. */
const held = (process: string, claims: readonly Claim[], hasLeft = false): Map<string, LoadedClaims> =>
	new Map([[process, { claims: new Map(claims.map((each) => [each[0], each])), hasLeft }]]);

/** A channel of the process `self`, in a world that the test makes up. */
function scene(options: Partial<ChannelOptions> = {}) {
	const clock = new VirtualClock();
	const shown: string[] = [];
	const sent: unknown[] = [];
	const living = new Set(['self', 'other']);
	const errors: unknown[] = [];
	let hear: (told: unknown) => void = () => {};
	const parts = {
		clock,
		onError: (_: string, error: unknown) => errors.push(error),
		hub: {
			receive: ({ body }: Delivery) => {
				const { event, data } = decodeEventBody(body);
				shown.push(`${event} ${Object.values(data as object).join(' ')}`);
			}
		},
		process: {
			roster: { id: 'self', living },
			messenger: {
				listen: async (_: unknown, handler: (told: unknown) => void) => {
					hear = handler;
					return () => (hear = () => {});
				},
				send: async (_: unknown, told: unknown) => void sent.push(told)
			}
		}
	} as unknown as ServerParts; // as much of it as a channel uses
	const channel = new Channel({ kind: 'presence', topic: encodeTopic('t'), parts, leavingMs: 5_000, ...options });
	const tell = (number: number, ...claims: Claim[]): void => hear({ kind: 'changes', from: 'other', number, claims });
	return { clock, channel, shown, sent, living, errors, tell, hear: (told: unknown) => hear(told) };
}

describe('what a process sees of a topic', () => {
	it('keeps what it is told while it reads the store, which may not have known of it', async () => {
		const reads: PromiseWithResolvers<Map<string, LoadedClaims>>[] = [];
		const load = () => (reads.push(Promise.withResolvers()), reads.at(-1)!.promise);
		const { clock, channel, shown, tell } = scene({ load });
		const opened = channel.open();
		await clock.settle();
		tell(1, claim('ada', 2, 'new'), claim('bob', 1, 'here'));
		reads[0]!.resolve(held('other', [claim('ada', 1, 'old')]));
		await opened;
		expect(channel.rows).toEqual([
			{ key: 'ada', text: 'new' },
			{ key: 'bob', text: 'here' }
		]);
		expect(shown).toEqual(['join ada new', 'join bob here']);
	});

	it('shows nobody leave who is told of while it reads a store that has nothing of their process yet', async () => {
		const reads: PromiseWithResolvers<Map<string, LoadedClaims>>[] = [];
		const load = () => (reads.push(Promise.withResolvers()), reads.at(-1)!.promise);
		const { clock, channel, shown, tell } = scene({ load });
		const opened = channel.open();
		await clock.settle();
		tell(1, claim('ada', 1, 'a'));
		reads[0]!.resolve(new Map());
		await opened;
		expect(shown).toEqual(['join ada a']);
	});

	it('reads anew when it has missed a message, and once more for what it misses meanwhile', async () => {
		let store: Claim[] = [];
		let loads = 0;
		const { clock, channel, tell } = scene({ load: async () => (loads++, held('other', store)) });
		await channel.open();
		tell(1, claim('ada', 1, 'a'));
		store = [claim('ada', 1, 'a'), claim('bob', 1, 'b'), claim('cy', 1, 'c')];
		tell(3, claim('cy', 1, 'c'));
		tell(5);
		await clock.settle();
		expect(channel.rows.map(({ key }) => key)).toEqual(['ada', 'cy', 'bob']);
		expect(loads).toBe(3);
	});

	it('opens anew when it could not, and hears everything once', async () => {
		let isAway = true;
		const load = async () => {
			if (isAway) throw new Error('away');
			return new Map<string, LoadedClaims>();
		};
		const { channel, shown, tell } = scene({ load });
		await expect(channel.open()).rejects.toThrow('away');
		isAway = false;
		await channel.open();
		tell(1, claim('ada', 1, 'a'));
		expect(shown).toEqual(['join ada a']);
	});

	it('shows nobody leave who has moved to another process when it finds that out from the store', async () => {
		let store = held('other', [claim('ada', 1, 'a')]);
		const { clock, channel, shown, living } = scene({ load: async () => store });
		living.add('third');
		await channel.open();
		store = held('third', [claim('ada', 2, 'moved')]);
		channel.resync(); // the backplane is back
		await clock.settle();
		expect(shown).toEqual(['join ada a', 'join ada moved']);
		store = new Map([...held('other', [claim('ada', 3, 'back')]), ...held('third', [claim('bob', 1, 'b')])]);
		channel.resync();
		await clock.settle();
		expect(shown.slice(2)).toEqual(['join ada back', 'join bob b']);
	});

	it('looks for what it has missed also after a look that failed', async () => {
		const failed = Promise.withResolvers<never>();
		const looks = [async () => held('other', []), () => failed.promise];
		const load = () => (looks.shift() ?? (async () => held('other', [claim('ada', 1, 'a')])))();
		const { clock, channel } = scene({ load });
		await channel.open();
		channel.resync();
		channel.resync(); // the backplane is back
		failed.reject(new Error('away'));
		await clock.settle();
		expect(channel.rows).toEqual([{ key: 'ada', text: 'a' }]);
	});

	it('keeps what a process says that leaves for a while, also what comes behind that', async () => {
		const { clock, channel, shown, living, tell, hear } = scene();
		await channel.open();
		hear({ kind: 'leaving', from: 'other' });
		tell(1, claim('ada', 1, 'a'));
		living.delete('other');
		channel.gone(['other']);
		await clock.advance(4_999);
		expect(shown).toEqual(['join ada a']);
		await clock.advance(1);
		expect(shown).toEqual(['join ada a', 'leave ada']);
	});

	it('keeps what a process has left in the store, as long as it is there', async () => {
		let store = held('other', [claim('ada', 1, 'a')], true);
		const { clock, channel, shown, living } = scene({ load: async () => store });
		await channel.open();
		living.delete('other');
		channel.gone(['other']);
		await clock.advance(3_000);
		store = new Map();
		expect(shown).toEqual(['join ada a']);
		await clock.advance(1_000);
		expect(shown).toEqual(['join ada a', 'leave ada']);
	});

	it('does not show again what was read before the time of a process was over that has left', async () => {
		const late = Promise.withResolvers<Map<string, LoadedClaims>>();
		const { clock, channel, shown, tell, hear } = scene({ load: () => late.promise });
		void channel.open();
		await clock.settle();
		tell(1, claim('ada', 1, 'a'));
		hear({ kind: 'leaving', from: 'other' });
		await clock.advance(5_000);
		late.resolve(held('other', [claim('ada', 1, 'a')], true));
		await clock.advance(20_000);
		expect(shown).toEqual(['join ada a', 'leave ada']);
	});

	it('sets no timer when it is closed before the store was read', async () => {
		const late = Promise.withResolvers<Map<string, LoadedClaims>>();
		const { clock, channel, shown } = scene({ load: () => late.promise });
		void channel.open();
		await clock.settle();
		channel.close();
		late.resolve(held('other', [claim('ada', 1, 'a')], true));
		await clock.settle();
		expect(clock.pending).toBe(0);
		expect(shown).toEqual([]);
	});

	it('gives who was at a killed process a second more than the roster takes to miss it, in which most are back', async () => {
		const { clock, channel, shown, living, tell, hear } = scene();
		living.add('third');
		await channel.open();
		tell(1, claim('ada', 1, 'a'), claim('bob', 1, 'b'));
		living.delete('other');
		channel.gone(['other']);
		await clock.advance(1_199);
		hear({ kind: 'changes', from: 'third', number: 1, claims: [claim('ada', 2, 'back')] });
		await clock.advance(1);
		expect(shown.filter((line) => line.startsWith('leave'))).toEqual(['leave bob']);
	});

	it('forgets nobody of a process that was missed and is there again', async () => {
		const { clock, channel, shown, living, tell } = scene();
		await channel.open();
		tell(1, claim('ada', 1, 'a'));
		living.delete('other');
		channel.gone(['other']);
		living.add('other');
		await clock.advance(20_000);
		expect(shown).toEqual(['join ada a']);
	});

	it('gives the same to who was at a process that was killed right after its start', async () => {
		const { clock, channel, shown, living, hear } = scene();
		await channel.open();
		hear({ kind: 'changes', from: 'young', number: 1, claims: [claim('ada', 1, 'a')] });
		await clock.advance(1_000);
		living.add('young');
		await clock.advance(3_900);
		living.delete('young');
		channel.gone(['young']);
		await clock.advance(1_199);
		expect(shown).toEqual(['join ada a']);
		await clock.advance(1);
		expect(shown).toEqual(['join ada a', 'leave ada']);
	});

	it('forgets what a process has said that nobody ever saw in the roster', async () => {
		const { clock, channel, shown, hear } = scene();
		await channel.open();
		hear({ kind: 'changes', from: 'stranger', number: 1, claims: [claim('eve', 1, 'x')] });
		await clock.advance(6_200);
		expect(shown).toEqual(['join eve x', 'leave eve']);
	});

	it('forgets what the store has of a process that is killed before anybody sees it in the roster', async () => {
		const load = async () => held('stranger', [claim('eve', 1, 'x')]);
		const { clock, channel, shown } = scene({ load });
		await channel.open();
		await clock.advance(6_200);
		expect(shown).toEqual(['join eve x', 'leave eve']);
	});

	it('keeps what a process has said that has just started', async () => {
		const { clock, channel, shown, living, hear } = scene();
		await channel.open();
		hear({ kind: 'changes', from: 'young', number: 1, claims: [claim('eve', 1, 'x')] });
		living.add('young');
		await clock.advance(20_000);
		expect(shown).toEqual(['join eve x']);
	});

	it('asks where no store knows, and forgets what who does not answer has said', async () => {
		const { clock, channel, sent, tell } = scene();
		await channel.open();
		expect(sent).toEqual([{ kind: 'ask', from: 'self', of: null }]);
		tell(1, claim('ada', 1, 'a'));
		await clock.advance(30_000);
		expect(channel.rows).toEqual([{ key: 'ada', text: 'a' }]);
		await clock.advance(2_000);
		expect(channel.rows).toEqual([]);
	});

	it('tells what is still to be told before it leaves', async () => {
		const { clock, channel, sent } = scene();
		await channel.open();
		channel.set('ada', row('ada', 'a'));
		channel.tell('ada');
		await channel.leave();
		await clock.settle();
		expect(sent.slice(1)).toEqual([
			{ kind: 'changes', from: 'self', number: 1, claims: [claim('ada', 1, 'a')] },
			{ kind: 'leaving', from: 'self' }
		]);
	});

	it('answers who asks with everything that it says itself', async () => {
		const { clock, channel, sent, hear } = scene();
		await channel.open();
		channel.set('ada', row('ada', 'a'));
		hear({ kind: 'ask', from: 'other', of: null });
		hear({ kind: 'ask', from: 'other', of: 'a third' });
		await clock.settle();
		expect(sent.slice(1)).toEqual([{ kind: 'all', from: 'self', number: 1, claims: [claim('ada', 1, 'a')] }]);
	});
});
