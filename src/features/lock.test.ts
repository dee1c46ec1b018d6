import { afterEach, describe, expect, it } from 'vitest';
import { MemoryStore } from '../backplanes/memory/memory-store.ts';
import { live, withLock } from '../live/index.ts';
import { Leases } from '../server/processes/leases.ts';
import { createTestEnv } from '../testing/index.ts';

const env = createTestEnv();
afterEach(() => env.cleanup());

/** A function that notes how many run, and goes on when it is told. */
function counted() {
	const gates: (() => void)[] = [];
	const log: string[] = [];
	let running = 0;
	const run = async (who: string): Promise<string> => {
		log.push(`${who} begins, ${++running} run`);
		await new Promise<void>((resolve) => gates.push(resolve));
		running--;
		return who;
	};
	return { run, log, goOn: () => gates.shift()?.() };
}

const nothing = (): void => {};

describe('a lock', () => {
	it('lets one call at a time through, in the order of arrival', async () => {
		const { run, log, goOn } = counted();
		env.register('m', { pay: live.lock('invoices', (_, who: string) => run(who)) });
		const [ann, bob] = [env.connect({ id: 'ann' }), env.connect({ id: 'bob' })];
		const calls = [];
		for (const [client, who] of [
			[ann, 'a1'],
			[bob, 'b1'],
			[ann, 'a2']
		] as const) {
			calls.push(client.call('m/pay', who));
			await env.settle();
		}
		for (let count = 0; count < 3; count++) {
			await env.settle();
			goOn();
		}
		expect(await Promise.all(calls)).toEqual(['a1', 'b1', 'a2']);
		expect(log).toEqual(['a1 begins, 1 run', 'b1 begins, 1 run', 'a2 begins, 1 run']);
	});

	it('is one for each name that it makes of the arguments', async () => {
		const { run, log, goOn } = counted();
		env.register('m', {
			pay: live.lock(
				(_, id: string) => ['invoice', id],
				(_, id: string) => run(id)
			)
		});
		const ann = env.connect({ id: 'ann' });
		const calls = [ann.call('m/pay', '1'), ann.call('m/pay', '2')];
		await env.settle();
		expect(log).toEqual(['1 begins, 1 run', '2 begins, 2 run']);
		for (const _ of calls) goOn();
		await Promise.all(calls);
	});

	it('is waited for so long and by so many', async () => {
		const { run, goOn } = counted();
		env.register('m', { pay: live.lock('l', (_, who: string) => run(who), { waitMs: 1_000, maxWaiting: 1 }) });
		const ann = env.connect({ id: 'ann' });
		const first = ann.call('m/pay', '1');
		const second = ann.call('m/pay', '2');
		second.catch(nothing);
		await env.settle();
		await expect(ann.call('m/pay', '3')).rejects.toMatchObject({ code: 'TOO_MANY' });
		await env.advance(1_000);
		await expect(second).rejects.toMatchObject({ code: 'TIMEOUT' });
		goOn();
		expect(await first).toBe('1');
		const third = ann.call('m/pay', '4');
		await env.settle();
		goOn();
		expect(await third).toBe('4');
	});

	it('is free again when the function fails', async () => {
		const fail = () => Promise.reject(new Error('no'));
		const failing = createTestEnv({ onError: nothing });
		failing.register('m', { pay: live.lock('l', fail) });
		const ann = failing.connect({ id: 'ann' });
		for (let count = 0; count < 2; count++)
			await expect(ann.call('m/pay')).rejects.toMatchObject({ code: 'INTERNAL' });
		await failing.cleanup();
	});

	it('wraps a function that validates', async () => {
		const schema = {
			'~standard': { version: 1, vendor: 'test', validate: () => ({ issues: [{ message: 'no' }] }) }
		} as const;
		env.register('m', {
			pay: live.lock(
				'l',
				live.validated(schema, () => 'paid')
			)
		});
		await expect(env.connect({ id: 'ann' }).call('m/pay', 1)).rejects.toMatchObject({ code: 'VALIDATION' });
	});

	it('wraps no stream and nothing that is none of ours', () => {
		expect(() =>
			live.lock(
				'l',
				live.stream('s', () => [])
			)
		).toThrow(/answer once/);
		expect(() => live.lock('l', {} as never)).toThrow(TypeError);
	});

	it('has a token that grows, and tells who holds it when it is lost', async () => {
		const tokens: number[] = [];
		const reasons: unknown[] = [];
		env.register('m', {
			pay: live((context) =>
				withLock(context, 'l', {
					run: async ({ token, signal }) => {
						tokens.push(token);
						if (tokens.length === 1) return 'quick';
						await new Promise((resolve) => signal.addEventListener('abort', resolve));
						reasons.push(context.abortSignal.reason);
						return 'late';
					}
				})
			)
		});
		const ann = env.connect({ id: 'ann' });
		expect(await ann.call('m/pay')).toBe('quick');
		const late = ann.call('m/pay');
		late.catch(nothing);
		await env.settle();
		await lose('lock/l');
		await env.advance(6_000);
		await expect(late).rejects.toMatchObject({ code: 'UNAVAILABLE' });
		expect(tokens[1]).toBeGreaterThan(tokens[0]!);
		expect(reasons).toEqual([expect.objectContaining({ code: 'UNAVAILABLE' })]);
	});
});

/** Takes a lease away from whoever has it, as a store does that was away for too long. */
async function lose(name: string): Promise<void> {
	const { store } = env.server.host.backplane;
	expect(store).toBeInstanceOf(MemoryStore);
	expect(await new Leases({ store, clock: env.server.host.clock, holder: 'x' }).holderOf(name)).not.toBeNull();
	await store.remove(`lease/${name}`);
}
