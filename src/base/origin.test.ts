import { describe, expect, test } from 'vitest';
import { originRefusal } from './origin.ts';

const own = 'https://app.example';

describe('the origin of a page', () => {
	test.each(['https://app.example', 'https://app.example:443', 'HTTPS://APP.example'])('%s is its own', (origin) => {
		expect(originRefusal(origin, { own, allowed: [] })).toBeNull();
	});

	test.each([
		'http://app.example',
		'https://app.example:8443',
		'https://evil.example',
		'https://app.example.evil.example',
		'https://sub.app.example',
		'null',
		'',
		'file://'
	])('%j is foreign', (origin) => {
		expect(originRefusal(origin, { own, allowed: [] })).toContain('may not open a socket');
	});

	test('a client without an origin is no browser and welcome', () => {
		expect(originRefusal(undefined, { own, allowed: [] })).toBeNull();
		expect(originRefusal(null, { own, allowed: [] })).toBeNull();
	});

	test('another origin is welcome once it is allowed, and only exactly', () => {
		const rule = { own, allowed: ['https://admin.example'] };
		expect(originRefusal('https://admin.example', rule)).toBeNull();
		expect(originRefusal('http://admin.example', rule)).not.toBeNull();
	});

	test('where the scheme is a guess, the host and port decide', () => {
		const rule = { own: 'https://127.0.0.1:3000', allowed: [], schemeGuessed: true };
		expect(originRefusal('http://127.0.0.1:3000', rule)).toBeNull();
		expect(originRefusal('http://127.0.0.1:3001', rule)).not.toBeNull();
		expect(originRefusal('http://evil.example', rule)).not.toBeNull();
	});

	test('an own origin that is not known lets nobody in', () => {
		expect(originRefusal('https://app.example', { own: '', allowed: [] })).not.toBeNull();
	});
});
