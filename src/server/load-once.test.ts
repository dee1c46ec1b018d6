import { describe, expect, it } from 'vitest';
import { ada, bob, startServer } from '../../test/support/server-harness.ts';
import type { LiveContext } from './context.ts';
import { guard, live } from '../live/live.ts';

const cards = live.stream(
	(_ctx: LiveContext, board: string) => ['board', board],
	(_ctx, board) => [{ id: 1, board }],
	{ access: (ctx) => ctx.user.id === 'ada' }
);

describe('a stream that is loaded for a page', () => {
	it('gives its value, how it merges, and the position from which the browser goes on', async () => {
		const { server, connect } = await startServer({ m: { cards } });
		await server.publisher.publish(['board', 'b'], 'created', { id: 1 });
		const loaded = await server.loadStream('m/cards', ada, ['b']);
		expect(loaded).toEqual({
			value: [{ id: 1, board: 'b' }],
			position: { epoch: expect.any(String) as string, offset: 1 },
			merge: { kind: 'crud', key: 'id', prepend: false, max: 0 }
		});
		await server.publisher.publish(['board', 'b'], 'created', { id: 2 });
		const client = await connect(ada);
		await client.subscribe('m/cards', ['b'], loaded.position);
		expect(client.of('resumed')).toMatchObject([{ events: [{ offset: 2, data: { id: 2 } }] }]);
	});

	it('has a position before its load: what happens meanwhile is not lost', async () => {
		const rows = live.stream('rows', async () => {
			await server.publisher.publish('rows', 'created', { id: 2 });
			return [];
		});
		const { server } = await startServer({ m: { rows } });
		expect((await server.loadStream('m/rows', ada, [])).position?.offset).toBe(0);
	});

	it('has no position where it is ephemeral', async () => {
		const { server } = await startServer({ m: { here: live.channel('here', { merge: 'presence' }) } });
		expect(await server.loadStream('m/here', ada, [])).toMatchObject({ value: [], position: null });
	});

	it.each([
		['nobody is signed in', null, 'm/cards', 'UNAUTHORIZED'],
		['the access rule refuses', bob, 'm/cards', 'FORBIDDEN'],
		['it does not exist', ada, 'm/none', 'NOT_FOUND'],
		['it is no stream', ada, 'm/run', 'NOT_FOUND'],
		['it is no path of ours', ada, 'constructor', 'NOT_FOUND']
	] as const)('is refused where %s', async (...[, session, path, code]) => {
		const { server } = await startServer({ m: { cards, run: live(() => 1) } });
		await expect(server.loadStream(path, session, ['b'])).rejects.toMatchObject({ code });
	});

	it('is refused by the guards of its module, and by middleware that does not go on', async () => {
		const { server } = await startServer();
		const refuse = (): never => {
			throw new Error('closed');
		};
		server.registry.register('m', { cards, _guard: guard(refuse) });
		await expect(server.loadStream('m/cards', ada, ['b'])).rejects.toMatchObject({ code: 'INTERNAL' });
		server.registry.register('m', { cards }, [() => undefined]);
		await expect(server.loadStream('m/cards', ada, ['b'])).rejects.toMatchObject({ code: 'FORBIDDEN' });
	});

	it('fails in time, and with no detail', async () => {
		const hang = live.stream('hang', () => new Promise<string[]>(() => {}));
		const crash = live.stream('crash', () => {
			throw new Error('secret');
		});
		const { server, clock } = await startServer({ m: { hang, crash } });
		const hanging = server.loadStream('m/hang', ada, []).catch((error: unknown) => error);
		await clock.advance(30_000);
		expect(await hanging).toMatchObject({ code: 'TIMEOUT' });
		await expect(server.loadStream('m/crash', ada, [])).rejects.toMatchObject({ code: 'INTERNAL' });
	});

	it('is refused where the session has expired', async () => {
		const { server, clock } = await startServer({ m: { cards } });
		const expired = { ...ada, expiresAt: clock.wallTime() };
		await expect(server.loadStream('m/cards', expired, ['b'])).rejects.toMatchObject({ code: 'SESSION_EXPIRED' });
	});

	it('is loaded also while the server drains, for the pages that are still rendered', async () => {
		const { server, connect } = await startServer({ m: { cards } });
		await connect();
		void server.drain();
		expect((await server.loadStream('m/cards', ada, ['b'])).value).toEqual([{ id: 1, board: 'b' }]);
	});

	it('opens no connection and reads no topic', async () => {
		const { server } = await startServer({ m: { cards } });
		await server.loadStream('m/cards', ada, ['b']);
		expect([server.connections.size, server.topicCount]).toEqual([0, 0]);
	});
});
