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
