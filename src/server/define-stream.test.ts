import { describe, expect, it } from 'vitest';
import { definitionOf, type StreamDefinition } from './definition.ts';
import { live } from '../live/live.ts';

const ephemeral = (stream: unknown): boolean => (definitionOf(stream) as StreamDefinition).ephemeral;

describe('whether a stream keeps its events', () => {
	it('a stream keeps a log', () => {
		expect(ephemeral(live.stream('rows', () => []))).toBe(false);
		expect(ephemeral(live.stream('one', () => 1, { merge: 'set' }))).toBe(false);
		expect(ephemeral(live.stream('last', () => [], { merge: 'latest' }))).toBe(false);
	});

	it('presence, cursors and channels are ephemeral', () => {
		expect(ephemeral(live.stream('here', () => [], { merge: 'presence' }))).toBe(true);
		expect(ephemeral(live.stream('there', () => [], { merge: 'cursor' }))).toBe(true);
		expect(ephemeral(live.channel('typing'))).toBe(true);
		expect(ephemeral(live.channel('setting', { merge: 'set' }))).toBe(true);
	});

	it('the option overrides it both ways', () => {
		expect(ephemeral(live.stream('here', () => [], { merge: 'presence', ephemeral: false }))).toBe(false);
		expect(ephemeral(live.channel('here', { merge: 'presence', ephemeral: false }))).toBe(false);
		expect(ephemeral(live.channel('feed', { ephemeral: false }))).toBe(false);
		expect(ephemeral(live.stream('rows', () => [], { ephemeral: true }))).toBe(true);
	});
});

describe('an option that no stream has', () => {
	it.each([
		['live.stream', (options: object) => live.stream('rows', () => [], options)],
		['live.channel', (options: object) => live.channel('rows', options)],
		['a channel with a type', (options: object) => live.channel<{ id: string }>()('rows', options)]
	])('is refused by %s where it stands: it may be a rule of access by another name', (_name, make) => {
		expect(() => make({ filter: () => false })).toThrow(/no option "filter"; it has .*access/);
		expect(() => make({ access: () => false, max: undefined })).not.toThrow();
	});
});
