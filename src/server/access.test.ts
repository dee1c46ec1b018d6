import { describe, expect, it } from 'vitest';
import { access, type AccessRule } from './access.ts';
import type { LiveContext } from './context.ts';

const as = (user: unknown): LiveContext => ({ user }) as LiveContext;
const yes: AccessRule = () => true;
const no: AccessRule = () => false;

describe('access.owner', () => {
	it('agrees to whoever has an identity', () => {
		expect(access.owner()(as({ id: 'ada' }))).toBe(true);
		expect(access.owner()(as({ id: 0 }))).toBe(true);
		expect(access.owner('email')(as({ email: 'a@b' }))).toBe(true);
	});

	it.each([null, {}, { id: null }, { id: undefined }])('refuses %j', (user) => {
		expect(access.owner()(as(user))).toBe(false);
	});
});

describe('access.team', () => {
	it('agrees to members of a team', () => {
		expect(access.team()(as({ teamId: 7 }))).toBe(true);
		expect(access.team()(as({ id: 'ada' }))).toBe(false);
		expect(access.team('org')(as({ org: 'x' }))).toBe(true);
	});
});

describe('access.role', () => {
	const rule = access.role({
		admin: true,
		guest: false,
		editor: ({ user }) => (user as { trusted?: boolean }).trusted === true
	});

	it('asks the rule of the role', () => {
		expect(rule(as({ role: 'admin' }))).toBe(true);
		expect(rule(as({ role: 'guest' }))).toBe(false);
		expect(rule(as({ role: 'editor', trusted: true }))).toBe(true);
		expect(rule(as({ role: 'editor' }))).toBe(false);
	});

	it.each([undefined, null, 5, ['admin'], 'constructor', 'toString', '__proto__', 'Admin', ''])(
		'refuses the role %j',
		(role) => {
			expect(rule(as({ role }))).toBe(false);
		}
	);

	it('refuses a visitor without identity', () => {
		expect(rule(as(null))).toBe(false);
	});
});

describe('rules together', () => {
	it('any agrees where one does, all where every one does', async () => {
		expect(await access.any(no, yes)(as(null))).toBe(true);
		expect(await access.any(no, no)(as(null))).toBe(false);
		expect(await access.all(yes, yes)(as(null))).toBe(true);
		expect(await access.all(yes, no)(as(null))).toBe(false);
	});

	it('any of none refuses', async () => {
		expect(await access.any()(as(null))).toBe(false);
	});

	it('get the arguments, one after another, and no more rules than needed', async () => {
		const asked: unknown[] = [];
		const ask =
			(name: string, answer: boolean): AccessRule<[string]> =>
			async (_context, board) => {
				asked.push([name, board]);
				return answer;
			};
		await access.any(ask('a', false), ask('b', true), ask('c', true))(as(null), 'b1');
		await access.all(ask('d', false), ask('e', true))(as(null), 'b2');
		expect(asked).toEqual([
			['a', 'b1'],
			['b', 'b1'],
			['d', 'b2']
		]);
	});
});
