import { describe, expect, it } from 'vitest';
import { startServer } from '../../test/support/server-harness.ts';
import { LiveError } from '../base/errors.ts';
import type { LiveContext } from './context.ts';
import type { Middleware } from './definition.ts';
import { guard, live } from '../live/live.ts';
import { Runtime } from './runtime.ts';

/** Registers one module with middleware, and calls its function. */
async function callWith(middleware: Middleware[], exports: Record<string, unknown>) {
	const harness = await startServer();
	harness.server.registry.register('m', exports, middleware);
	const client = await harness.connect();
	const id = await client.call('m/run', 1);
	return { ...harness, client, id };
}

describe('the way into a function', () => {
	it('leads through middleware, then guards, then schemas, then back', async () => {
		const log: string[] = [];
		const around =
			(name: string): Middleware =>
			async (_ctx, next) => {
				log.push(`> ${name}`);
				const result = await next();
				log.push(`< ${name}`);
				return result;
			};
		const _guard = guard(
			() => void log.push('guard 1'),
			async () => void log.push('guard 2')
		);
		const run = live(() => void log.push('run'));
		await callWith([around('a'), around('b')], { _guard, run });
		expect(log).toEqual(['> a', '> b', 'guard 1', 'guard 2', 'run', '< b', '< a']);
	});

	it.each([
		[
			'at once',
			() => {
				throw new LiveError('FORBIDDEN', 'members only');
			}
		],
		[
			'later',
			async () => {
				throw new LiveError('FORBIDDEN', 'members only');
			}
		]
	])('ends at a guard that refuses %s: nothing after it runs', async (_, refuse) => {
		const log: string[] = [];
		const _guard = guard(refuse, () => void log.push('second guard'));
		const { client, id } = await callWith([], { _guard, run: live(() => void log.push('run')) });
		expect(client.errorOf(id)).toMatchObject({ code: 'FORBIDDEN', message: 'members only' });
		expect(log).toEqual([]);
	});

	it('ends at a guard that crashes, with no detail', async () => {
		const _guard = guard(() => {
			throw new Error('secret');
		});
		const { client, id, errors } = await callWith([], { _guard, run: live(() => 1) });
		expect(client.errorOf(id)?.code).toBe('INTERNAL');
		expect(errors).toHaveLength(1);
	});

	it('lets guards add to the context, for this call alone', async () => {
		let count = 0;
		const _guard = guard((ctx) => void Object.assign(ctx, { tenant: `t${++count}` }));
		const run = live((ctx: LiveContext) => (ctx as unknown as { tenant: string }).tenant);
		const { client, id } = await callWith([], { _guard, run });
		expect([client.resultOf(id), client.resultOf(await client.call('m/run'))]).toEqual(['t1', 't2']);
	});

	it('lets middleware answer instead, or change the answer', async () => {
		const instead = await callWith([() => 'instead'], { run: live(() => 'run') });
		expect(instead.client.resultOf(instead.id)).toBe('instead');
		const changed = await callWith([async (_ctx, next) => `${String(await next())}!`], { run: live(() => 'run') });
		expect(changed.client.resultOf(changed.id)).toBe('run!');
	});

	it('runs a function once, also where a middleware goes on twice', async () => {
		let runs = 0;
		const twice: Middleware = async (_ctx, next) => {
			await next();
			return next();
		};
		const { client, id } = await callWith([twice], { run: live(() => ++runs) });
		expect(client.errorOf(id)?.code).toBe('INTERNAL');
		expect(runs).toBe(1);
	});

	it('guards streams like calls', async () => {
		let loads = 0;
		const _guard = guard(() => {
			throw new LiveError('FORBIDDEN');
		});
		const { client } = await callWith([], {
			_guard,
			run: live(() => 1),
			rows: live.stream('rows', () => (loads++, []))
		});
		expect(client.errorOf(await client.subscribe('m/rows'))?.code).toBe('FORBIDDEN');
		expect(loads).toBe(0);
	});

	it('refuses a stream that a middleware does not let through, instead of leaving it without an answer', async () => {
		const { client } = await callWith([() => undefined], {
			run: live(() => 1),
			rows: live.stream('rows', () => [])
		});
		expect(client.errorOf(await client.subscribe('m/rows'))?.code).toBe('FORBIDDEN');
	});
});

describe('middleware', () => {
	it('belongs to the module that was being loaded when it was declared, and goes with it', async () => {
		const { server } = await startServer();
		const runtime = new Runtime();
		runtime.server = server;
		const wrap: Middleware = (_ctx, next) => next();
		runtime.declareMiddleware(wrap);
		runtime.register('a', { run: live(() => 1) });
		runtime.register('b', { run: live(() => 1) });
		expect(server.registry.middleware).toEqual([wrap]);
		runtime.register('a', { run: live(() => 2) });
		expect(server.registry.middleware).toEqual([]);
	});
});
