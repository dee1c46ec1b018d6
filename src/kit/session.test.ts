import { describe, expect, test } from 'vitest';
import type { SessionSource } from '../server/config.ts';
import type { Session } from '../server/session.ts';
import { sessionReader } from './session.ts';

const from = (user?: unknown): SessionSource => ({
	locals: { user },
	request: new Request('http://x'),
	url: new URL('http://x'),
	cookies: { get: () => '' }
});
const ada = { user: { id: 'ada' } } as unknown as Session;

function silent(message: string): never {
	throw new Error(`warned: ${message}`);
}

describe('an app that says who its users are', () => {
	test('decides by each request, at once or later', async () => {
		const read = sessionReader({ session: ({ locals }) => (locals as { user?: Session }).user }, false, silent);
		expect(await read(from(ada))).toBe(ada);
		const later = sessionReader({ session: () => Promise.resolve(ada) }, false, silent);
		expect(await later(from())).toBe(ada);
	});

	test.each([null, undefined, false] as const)('means nobody by %s', async (nobody) => {
		expect(await sessionReader({ session: () => nobody }, false, silent)(from())).toBeNull();
	});

	test('lets visitors in without a user where it allows them', async () => {
		const read = sessionReader({ session: () => null, anonymous: true }, false, silent);
		expect(await read(from())).toEqual({ user: null });
		expect(await sessionReader({ anonymous: true }, false, silent)(from())).toEqual({ user: null });
	});

	test('is told when it returns something else than a session', async () => {
		const read = sessionReader({ session: () => 'ada' as never }, false, silent);
		await expect(read(from())).rejects.toThrow(/must return \{ user \}/);
	});

	test('has its own errors passed on', async () => {
		const failing = () => {
			throw new Error('no database');
		};
		await expect(sessionReader({ session: failing }, false, silent)(from())).rejects.toThrow('no database');
	});
});

describe('an app that decides nothing', () => {
	test('does not start in production, and is told what to write', () => {
		expect(() => sessionReader({}, false, silent)).toThrow(/src\/hooks\.live\.ts[^]*anonymous: true/);
		expect(() => sessionReader({ anonymous: false }, false, silent)).toThrow(/does not say who its users are/);
	});

	test('has locals.user in development, with a warning', async () => {
		const warnings: string[] = [];
		const read = sessionReader({}, true, (message) => warnings.push(message));
		expect(await read(from({ id: 'ada' }))).toEqual(ada);
		expect(await read(from())).toBeNull();
		expect(warnings).toHaveLength(1);
		expect(warnings[0]).toContain('production will not start');
	});
});
