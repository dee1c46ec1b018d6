// What people know of calls, run: guards, middleware, validation, batches, shared requests, bytes, limits and errors.
import * as v from 'valibot';
import { afterEach, describe, expect, it } from 'vitest';
import { guard, live, LiveError } from '../../../src/live/index.ts';
import { createTestEnv } from '../../../src/testing/index.ts';
import { ada, bob } from './people.ts';

const reported: unknown[] = [];
const env = createTestEnv({
	onError: (path, error, ctx) => void reported.push([path, error, (ctx?.user as typeof ada | undefined)?.id])
});
afterEach(async () => {
	await env.cleanup();
	reported.length = 0;
});

const outcome = async (called: Promise<unknown>): Promise<unknown> =>
	called.catch((error: unknown) => (error as LiveError).code);

describe('a guard of a module', () => {
	it('keeps everybody but administrators from all of it: calls and streams', async () => {
		const gone: string[] = [];
		env.register('admin', {
			_guard: guard((ctx) => {
				if (ctx.user.role !== 'admin') throw new LiveError('FORBIDDEN', 'For administrators');
			}),
			deleteUser: live((_ctx, id: string) => void gone.push(`deleted ${id}`)),
			banUser: live((_ctx, id: string) => void gone.push(`banned ${id}`)),
			users: live.stream('users', () => [{ id: 'eve' }])
		});
		const [member, admin] = [env.connect(ada), env.connect(bob)];
		for (const path of ['admin/deleteUser', 'admin/banUser'])
			await expect(member.call(path, 'eve')).rejects.toMatchObject({ code: 'FORBIDDEN' });
		await expect(member.subscribe('admin/users').ready).rejects.toMatchObject({ code: 'FORBIDDEN' });
		await admin.call('admin/banUser', 'eve');
		expect(await admin.subscribe('admin/users').ready).toEqual([{ id: 'eve' }]);
		expect(gone).toEqual(['banned eve']);
	});

	it('may be several: each sees what the ones before have found out, and the first refusal ends it', async () => {
		const asked: string[] = [];
		const rights = new Map([['bob', ['write']]]);
		env.register('pages', {
			_guard: guard(
				(ctx) => void asked.push(`who ${ctx.user.id}`),
				(ctx) => void Object.assign(ctx, { rights: rights.get(ctx.user.id) ?? [] }),
				(ctx) => {
					if (!(ctx as unknown as { rights: string[] }).rights.includes('write'))
						throw new LiveError('FORBIDDEN');
				},
				(ctx) => void asked.push(`in ${ctx.user.id}`)
			),
			write: live(() => 'written')
		});
		expect(await outcome(env.connect(ada).call('pages/write'))).toBe('FORBIDDEN');
		expect(await outcome(env.connect(bob).call('pages/write'))).toBe('written');
		expect(asked).toEqual(['who ada', 'who bob', 'in bob']);
	});
});

describe('middleware', () => {
	it('wraps every call and stream in the order of declaration, before guards, and can refuse', async () => {
		const log: string[] = [];
		live.middleware(async (ctx, next) => {
			log.push(`begin ${ctx.path}`);
			try {
				return await next();
			} finally {
				log.push(`end ${ctx.path}`);
			}
		});
		live.middleware((ctx, next) => {
			if ((ctx.user as object | null) === null) throw new LiveError('UNAUTHORIZED', 'Sign in');
			return next();
		});
		env.register('m', {
			_guard: guard((ctx) => void log.push(`guard ${ctx.path}`)),
			call: live(() => 'answer'),
			rows: live.stream('rows', () => [])
		});
		expect(await outcome(env.connect(null).call('m/call'))).toBe('UNAUTHORIZED');
		expect(await env.connect(ada).call('m/call')).toBe('answer');
		await env.connect(ada).subscribe('m/rows').ready;
		const wrapped = (path: string): string[] => [`begin ${path}`, `guard ${path}`, `end ${path}`];
		expect(log).toEqual(['begin m/call', 'end m/call', ...wrapped('m/call'), ...wrapped('m/rows')]);
	});
});

describe('a validated call', () => {
	const priority = v.optional(v.picklist(['low', 'medium', 'high']));
	const CreateTodo = v.object({ text: v.pipe(v.string(), v.minLength(1), v.maxLength(200)), priority });

	it('runs with what the schema made of it, and otherwise says what is wrong where', async () => {
		const addTodo = live.validated(CreateTodo, (ctx, input) => ({ ...input, userId: ctx.user.id }));
		env.register('todos', { addTodo });
		const client = env.connect(ada);
		expect(await client.call(addTodo, { text: 'Buy milk', priority: 'low' })).toEqual({
			text: 'Buy milk',
			priority: 'low',
			userId: 'ada'
		});
		const refused = client.call('todos/addTodo', { text: '', priority: 'urgent' });
		await expect(refused).rejects.toMatchObject({
			code: 'VALIDATION',
			issues: [{ path: ['text'] }, { path: ['priority'] }]
		});
	});
});

describe('a batch', () => {
	const board = () => {
		const order: string[] = [];
		const step = live(async (_ctx, name: string, fails?: boolean) => {
			order.push(`begin ${name}`);
			await Promise.resolve();
			if (fails) throw new LiveError('CONFLICT');
			order.push(`end ${name}`);
			return name;
		});
		env.register('m', { step });
		const { client } = env.connect(ada);
		const run = (name: string, ...args: unknown[]) => outcome(client.call('m/step', [name, ...args]));
		return { order, client, run };
	};

	it('settles each call by itself', async () => {
		const { client, run } = board();
		const results = await client.batch(() => [run('a'), run('b', true), run('c')]);
		expect(results).toEqual(['a', 'CONFLICT', 'c']);
	});

	it('runs its calls together, or one after another where told', async () => {
		const together = board();
		await together.client.batch(() => [together.run('a'), together.run('b')]);
		expect(together.order.slice(0, 2)).toEqual(['begin a', 'begin b']);
		await env.cleanup();
		const inTurn = board();
		await inTurn.client.batch(() => [inTurn.run('a'), inTurn.run('b')], { sequential: true });
		expect(inTurn.order).toEqual(['begin a', 'end a', 'begin b', 'end b']);
	});

	it('may have 50 calls, and one more sends none of them', async () => {
		const { client, run, order } = board();
		const many = (count: number) =>
			client.batch(() => Array.from({ length: count }, (_, index) => run(`${index}`)));
		expect(await many(50)).toHaveLength(50);
		const ran = order.length;
		await expect(many(51).then((results) => results.every((result) => result === 'TOO_MANY'))).resolves.toBe(true);
		expect(order).toHaveLength(ran);
	});
});

describe('identical queries', () => {
	it('share one request, and a fresh one is a request of its own', async () => {
		let asked = 0;
		env.register('users', { getUser: live.query((_ctx, id: string) => ({ id, nth: ++asked })) });
		const { client } = env.connect(ada);
		const get = (fresh = false) => client.query('users/getUser', ['eve'], { fresh });
		expect(await Promise.all([get(), get(), get(true)])).toMatchObject([{ nth: 1 }, { nth: 1 }, { nth: 2 }]);
	});
});

describe('a call with bytes', () => {
	it('stores an avatar as it was sent, and refuses one that is too large', async () => {
		const stored = new Map<string, Uint8Array>();
		const uploadAvatar = live.binary(
			(ctx, bytes, name: string) => {
				const url = `/avatars/${ctx.user.id}/${name}`;
				stored.set(url, bytes.slice());
				return { url };
			},
			{ maxSize: 1_000 }
		);
		env.register('upload', { uploadAvatar });
		const client = env.connect(ada);
		const image = Uint8Array.of(0, 255, 10, 13);
		expect(await client.binary(uploadAvatar, image, 'me.png')).toEqual({ url: '/avatars/ada/me.png' });
		expect(stored.get('/avatars/ada/me.png')).toEqual(image);
		const large = client.binary(uploadAvatar, new Uint8Array(1_001), 'large.png');
		await expect(large).rejects.toMatchObject({ code: 'TOO_LARGE' });
		expect(stored.size).toBe(1);
	});
});

describe('a limit', () => {
	it('of one function lets five messages through in ten seconds, then says when to come back', async () => {
		const say = live.rateLimit({ points: 5, window: 10_000 }, (_ctx, text: string) => text);
		env.register('chat', { say });
		const [one, other] = [env.connect(ada), env.connect(bob)];
		for (const text of ['1', '2', '3', '4', '5']) await one.call(say, text);
		const refusal = (await one.call(say, '6').catch((error: unknown) => error)) as LiveError;
		expect(refusal).toMatchObject({ code: 'RATE_LIMITED', retryAfterMs: expect.any(Number) });
		expect(await other.call(say, 'hello')).toBe('hello');
		await env.advance(refusal.retryAfterMs!);
		expect(await one.call(say, '6')).toBe('6');
	});
});

describe('an error', () => {
	it('that a handler means to tell reaches the caller, anything else reaches the log alone, with path and user', async () => {
		env.register('m', {
			known: live(() => {
				throw new LiveError('NOT_FOUND', 'No such card');
			}),
			broken: live(() => {
				throw new Error('password=secret');
			})
		});
		const client = env.connect(ada);
		await expect(client.call('m/known')).rejects.toMatchObject({ code: 'NOT_FOUND', message: 'No such card' });
		const hidden = (await client.call('m/broken').catch((error: unknown) => error)) as LiveError;
		expect(hidden.code).toBe('INTERNAL');
		expect(`${hidden.message} ${JSON.stringify(hidden)}`).not.toContain('secret');
		expect(reported).toMatchObject([['m/broken', { message: 'password=secret' }, 'ada']]);
	});
});
