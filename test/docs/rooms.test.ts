// The examples of docs/rooms.md, run: their files are written beside each other, on the sources instead of the package.
import { afterEach, describe, expect, it } from 'vitest';
import { DEFAULT_THROTTLE_MS } from '../../src/features/cursors/cursors.ts';
import { DEFAULT_GRACE_MS } from '../../src/features/presence/presence.ts';
import { DEFAULT_MAX_BYTES } from '../../src/features/shared/row.ts';
import { createTestEnv } from '../../src/testing/test-env.ts';
import { runExamples } from './run-examples.ts';
import { readDocument, tableWith } from './markdown.ts';

const load = runExamples('rooms');

const env = createTestEnv();
afterEach(() => env.cleanup());

async function register(name: string): Promise<void> {
	env.register(`lib/${name}`, await load<object>(`lib/${name}.live.ts`));
}

const ada = { id: 'ada', name: 'Ada', role: 'member' };
const bob = { id: 'bob', name: 'Bob', role: 'admin' };
const keys = (value: unknown): string[] => ((value ?? []) as { key: string }[]).map(({ key }) => key);

describe('docs/rooms.md', () => {
	it('shares a board: cards, people who type, and cursors', async () => {
		await register('collab');
		const [one, other] = [env.connect(ada), env.connect(bob)];
		const [cards, people, cursors] = ['data', 'presence', 'cursors'].map((part) =>
			other.subscribe(`lib/collab/board/${part}`, 'b')
		);
		one.subscribe('lib/collab/board/presence', 'b');
		await env.settle();
		expect(people!.value).toContainEqual({ key: 'ada', name: 'Ada', typing: false });
		expect(cards!.value).toContainEqual({ id: 'ada', title: 'Ada is here' });
		await one.call('lib/collab/board/presence/update', 'b', { typing: true });
		await one.call('lib/collab/board/cursors/move', 'b', { x: 3, y: 4 });
		await one.call('lib/collab/board/addCard', 'b', 'New');
		await env.settle();
		expect(people!.value).toContainEqual({ key: 'ada', name: 'Ada', typing: true });
		expect(cursors!.value).toEqual([{ key: 'ada', x: 3, y: 4, name: 'Ada' }]);
		expect(cards!.value).toContainEqual(expect.objectContaining({ title: 'New' }));
		one.close();
		await env.advance(DEFAULT_GRACE_MS + 100);
		expect(cards!.value).not.toContainEqual({ id: 'ada', title: 'Ada is here' });
		await expect(other.call('lib/collab/board/addCard', 'secret', 'x')).rejects.toMatchObject({
			code: 'FORBIDDEN'
		});
	});

	it('tells who reads, but for those who only look', async () => {
		await register('lobby');
		const [one, other] = [env.connect(ada), env.connect(bob)];
		one.subscribe('lib/lobby/readers', 'd');
		const readers = other.subscribe('lib/lobby/readers', 'd');
		const lobby = other.subscribe('lib/lobby/lobby');
		await env.settle();
		expect([keys(readers.value), keys(lobby.value)]).toEqual([['ada'], ['bob']]);
		expect(await other.call('lib/lobby/whoReads', 'd')).toEqual(['ada']);
		one.disconnect();
		await env.settle();
		await env.advance(2_100);
		expect(readers.value).toEqual([]);
	});

	it('shows carets by connection, at a line and a column', async () => {
		await register('editor');
		const tabs = [env.connect(ada), env.connect(ada)];
		const carets = tabs[0]!.subscribe('lib/editor/carets', 'd');
		await env.settle();
		for (const [line, tab] of tabs.entries()) await tab.call('lib/editor/carets/move', 'd', { line, column: 0 });
		await env.settle();
		expect(carets.value).toMatchObject([
			{ line: 0, name: 'Ada' },
			{ line: 1, name: 'Ada' }
		]);
	});

	it('plays chess before watchers, with four places, and announces', async () => {
		await register('chess');
		const clients = Array.from({ length: 5 }, (_, index) => env.connect({ ...ada, id: `u${index}` }));
		const [player, watcher] = clients;
		expect(await player!.call('lib/chess/sitDown', 'g', 'player')).toEqual({ isIn: true, members: 1 });
		for (const client of clients.slice(1, 4)) await client.call('lib/chess/sitDown', 'g', 'watcher');
		expect(await clients[4]!.call('lib/chess/sitDown', 'g', 'watcher')).toEqual({ isIn: false, members: 4 });
		const [seen, hinted] = [player!, watcher!].map((client) => client.subscribe('lib/chess/chess', 'g'));
		const meta = clients[4]!.subscribe('lib/chess/chess/meta', 'g');
		const heard = clients[4]!.subscribe('lib/chess/announcements');
		await env.settle();
		await player!.call('lib/chess/play', 'g', 'e2', 'e4');
		await player!.call('lib/chess/announce', 'hello');
		await env.settle();
		expect(seen!.value).toEqual([{ from: 'e2', to: 'e4' }]);
		expect(hinted!.value).toEqual([
			{ from: 'e2', to: 'e4' },
			{ from: 'e4', to: 'e2' }
		]);
		expect(meta.value).toEqual({ turn: 'black' });
		expect(heard.value).toEqual([{ text: 'hello' }]);
		await expect(watcher!.call('lib/chess/play', 'g', 'e7', 'e5')).rejects.toMatchObject({ code: 'FORBIDDEN' });
	});

	it.each([
		[/Presence/, { graceMs: DEFAULT_GRACE_MS, maxBytes: DEFAULT_MAX_BYTES }],
		[/Cursors/, { throttleMs: DEFAULT_THROTTLE_MS }]
	])('has the defaults under %s', (heading, defaults) => {
		const { rows } = tableWith(readDocument('docs/rooms.md'), heading, ['option', 'default', '']);
		for (const [option, value] of Object.entries(defaults)) {
			expect(rows.find((row) => row['option'] === option)?.['default']).toBe(String(value));
		}
	});
});
