import type { IncomingMessage } from 'node:http';
import { describe, expect, test } from 'vitest';
import { guessesScheme } from './guessed-scheme.ts';

const plain = { socket: {} } as IncomingMessage;
/** As Bun has it. */
const saidToBePlain = { socket: { encrypted: false } } as unknown as IncomingMessage;
const encrypted = { socket: { encrypted: true } } as unknown as IncomingMessage;
const production = { origin: null, isDevelopment: false };
const https = new URL('https://app.example/');

describe('an https URL of a request that came in plain', () => {
	test('is a guess where nothing tells the scheme', () => {
		expect(guessesScheme(production, {})(plain, https)).toBe(true);
		expect(guessesScheme(production, {})(saidToBePlain, https)).toBe(true);
	});

	test.each(['PROTOCOL_HEADER', 'MY_APP_PROTOCOL_HEADER', 'ORIGIN', 'MY_APP_ORIGIN'])('is known by %s', (name) => {
		expect(guessesScheme(production, { [name]: 'x' })(plain, https)).toBe(false);
	});

	test('is known by the configured origin', () => {
		expect(guessesScheme({ ...production, origin: 'https://app.example' }, {})(plain, https)).toBe(false);
	});

	test('is known in development', () => {
		expect(guessesScheme({ ...production, isDevelopment: true }, {})(plain, https)).toBe(false);
	});
});

test('what came in encrypted, and what is http, is no guess', () => {
	expect(guessesScheme(production, {})(encrypted, https)).toBe(false);
	expect(guessesScheme(production, {})(plain, new URL('http://app.example/'))).toBe(false);
});
