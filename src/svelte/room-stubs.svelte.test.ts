import { describe, expect, test } from 'vitest';
import { tick } from 'svelte';
import { connectedPage } from '../../test/svelte/connected-page.ts';
import { show } from '../../test/svelte/shown.svelte.ts';
import { cursors, group, presence, room } from './room-stubs.ts';

const server = connectedPage();

/** What a stream subscribes to where it is shown. */
async function shown(resource: { readonly current: unknown }) {
	show(() => resource.current);
	const { path, args } = await server.take('subscribe');
	return { path, args };
}

async function taken() {
	const { id, path, args } = await server.take('call');
	server.result(id, null);
	return { path, args };
}

/** Lets the time between two places of a cursor pass. */
async function rest(): Promise<void> {
	await tick();
	server.clock.advance(50);
	await tick();
}

describe('the stub of presence', () => {
	test('is a stream, and changes what is shown of the user', async () => {
		const people = presence('lib/people')('b');
		expect(await shown(people)).toEqual({ path: 'lib/people', args: ['b'] });
		const updated = people.update({ typing: true });
		expect(await taken()).toEqual({ path: 'lib/people/update', args: ['b', { typing: true }] });
		await updated;
	});

	test('without arguments is its own list', async () => {
		const people = presence('lib/lobby');
		expect(await shown(people)).toEqual({ path: 'lib/lobby', args: [] });
		void people.update({ away: true });
		expect(await taken()).toEqual({ path: 'lib/lobby/update', args: [{ away: true }] });
	});
});

describe('the stub of cursors', () => {
	test('sends the first place, then the latest when that has arrived and rested', async () => {
		const pointing = cursors('lib/pointing')('d');
		pointing.move({ x: 1, y: 0 });
		pointing.move({ x: 2, y: 0 });
		expect(await taken()).toEqual({ path: 'lib/pointing/move', args: ['d', { x: 1, y: 0 }] });
		pointing.move({ x: 3, y: 0 });
		pointing.move({ x: 4, y: 0 });
		await rest();
		expect(await taken()).toEqual({ path: 'lib/pointing/move', args: ['d', { x: 4, y: 0 }] });
		await rest();
	});

	test('says nothing of a place that is refused, and goes on with the next', async () => {
		const pointing = cursors('lib/refused')('d');
		pointing.move({ x: 1, y: 0 });
		server.refuse((await server.take('call')).id, new Error('no') as never);
		await rest();
		pointing.move(null);
		expect(await taken()).toEqual({ path: 'lib/refused/move', args: ['d', null] });
		await rest();
	});
});

describe('the stub of a room', () => {
	const board = room('lib/board') as {
		data: (id: string) => { readonly current: unknown };
		presence: ReturnType<typeof presence>;
		cursors: ReturnType<typeof cursors>;
		addCard: (...args: unknown[]) => Promise<unknown>;
	};

	test('has its streams by name', async () => {
		expect(await shown(board.data('b'))).toEqual({ path: 'lib/board/data', args: ['b'] });
		expect(await shown(board.presence('b'))).toEqual({ path: 'lib/board/presence', args: ['b'] });
		expect(await shown(board.cursors('b'))).toEqual({ path: 'lib/board/cursors', args: ['b'] });
	});

	test('calls whatever else it is asked for, and always by the same function', async () => {
		void board.addCard('b', 'New');
		expect(await taken()).toEqual({ path: 'lib/board/addCard', args: ['b', 'New'] });
		expect(board.addCard).toBe(board.addCard);
	});

	test('can be returned by an async function', async () => {
		expect(await Promise.resolve(board)).toBe(board);
	});
});

test('the stub of a group is a stream, and has another for its metadata', async () => {
	const lobby = group('lib/lobby') as unknown as ReturnType<typeof presence> & { meta: ReturnType<typeof presence> };
	expect(await shown(lobby('b'))).toEqual({ path: 'lib/lobby', args: ['b'] });
	expect(await shown(lobby.meta('b'))).toEqual({ path: 'lib/lobby/meta', args: ['b'] });
});
