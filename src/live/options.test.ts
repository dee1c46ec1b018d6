import { describe, expect, it } from 'vitest';
import { live } from './live.ts';
import { defineLive } from '../server/config.ts';
import { limitsFrom } from '../server/server-limits.ts';

/** Written without types. */
const wrong = (options: object): never => options as never;

const topic = 'rows';
const init = (): unknown[] => [];
const person = (): object => ({ name: 'Ada' });
const take = (): void => {};

describe('an option that is not known is refused, and those that there are are named, by', () => {
	const WRITTEN: [string, () => unknown, RegExp][] = [
		[
			'a stream',
			() => live.stream(topic, init, wrong({ acess: take })),
			/a stream has no option "acess"; .*access/
		],
		['a channel', () => live.channel(topic, wrong({ maxx: 1 })), /a stream has no option "maxx"; .*max/],
		['live.room', () => live.room(wrong({ topic, init, presense: person })), /live\.room .*"presense"; .*presence/],
		[
			'the presence of a room',
			() => live.room(wrong({ topic, init, presence: { data: person, grace: 1 } })),
			/"grace"/
		],
		['the cursors of a room', () => live.room(wrong({ topic, init, cursors: { throttle: 1 } })), /"throttle"/],
		[
			'live.presence',
			() => live.presence(topic, person, wrong({ grace: 1 })),
			/live\.presence .*"grace"; .*graceMs/
		],
		['live.cursors', () => live.cursors(topic, wrong({ throttle: 1 })), /live\.cursors .*"throttle"; .*throttleMs/],
		['live.group', () => live.group(topic, wrong({ maxPlaces: 1 })), /live\.group .*"maxPlaces"; .*maxMembers/],
		['live.upload', () => live.upload(take, wrong({ maxsize: 1 })), /live\.upload .*"maxsize"; .*maxSize/],
		['live.binary', () => live.binary(take, wrong({ maxsize: 1 })), /live\.binary .*"maxsize"; .*maxSize/],
		['defineLive', () => defineLive(wrong({ anonymus: true })), /defineLive .*"anonymus"; .*anonymous/],
		['limits', () => limitsFrom(wrong({ uploadByte: 1 })), /"limits" .*"uploadByte"; .*uploadBytes/]
	];

	it.each(WRITTEN)('%s', (_, write, message) => {
		expect(write).toThrow(TypeError);
		expect(write).toThrow(message);
	});
});

describe('a limit', () => {
	it.each([-1, Number.NaN, '5', null])('is refused where it is %o', (value) => {
		const write = (): unknown => limitsFrom(wrong({ uploads: value }));
		expect(write).toThrow(RangeError);
		expect(write).toThrow(`the limit "uploads" must be a number that is not below 0, not ${String(value)}`);
	});

	it('takes the place of a default, may be 0 or without end, and is the default where it is undefined', () => {
		const given = { uploads: 0, connectionsPerUser: Infinity, depth: undefined };
		expect(limitsFrom(wrong(given))).toMatchObject({ uploads: 0, connectionsPerUser: Infinity, depth: 64 });
	});
});
