// The examples of docs/evolution.md, run: their files are written beside each other, on the sources instead of the package.
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { root } from '../../scripts/lib/run.ts';
import { createTestEnv } from '../../src/testing/test-env.ts';
import { filesOf } from './assemble.ts';

const FOLDER = join(root, 'tmp/docs-evolution');

beforeAll(() => {
	const server = JSON.stringify(join(root, 'src/live/index.ts'));
	for (const [path, text] of Object.entries(filesOf('docs/evolution.md'))) {
		mkdirSync(dirname(join(FOLDER, path)), { recursive: true });
		writeFileSync(join(FOLDER, path), text.replaceAll("'tidewire/server'", server));
	}
});
afterAll(() => rmSync(FOLDER, { recursive: true, force: true }));

/** As `vite` would load it. */
const load = async <Module>(path: string): Promise<Module> =>
	(await import(/* @vite-ignore */ join(FOLDER, 'src', path))) as Module;

const env = createTestEnv();
afterEach(() => env.cleanup());

interface Post {
	id: number;
	text: string;
}

describe('docs/evolution.md', () => {
	it('loads a feed in pages, while posts come', async () => {
		const { table } = await load<{ table: Post[] }>('lib/server/posts.ts');
		table.push(...Array.from({ length: 45 }, (_, id) => ({ id, text: `post ${id}` })));
		env.register('lib/feed', await load<object>('lib/feed.live.ts'));
		const posts = env.connect({ id: 'ada' }).subscribe('lib/feed/posts');
		expect(await posts.ready).toHaveLength(20);
		await env.publish('posts', 'created', { id: 45, text: 'new' });
		while (posts.stream.state.hasMore) await posts.stream.loadMore();
		await env.settle();
		expect((posts.value as Post[]).map(({ id }) => id)).toEqual(
			Array.from({ length: 46 }, (_, index) => 45 - index)
		);
	});

	it.each([
		[3, { id: 'a', name: 'Buy sails', labels: ['shop', 'soon'] }],
		[2, { id: 'a', name: 'Buy sails', label: 'shop' }],
		[1, { id: 'a', title: 'Buy sails' }]
	])('serves pages of version %i', async (version, card) => {
		env.register('lib/cards', await load<object>('lib/cards.live.ts'));
		const cards = env.connect({ id: 'ada' }).client.stream('lib/cards/cards', [], version);
		cards.onChange(() => {});
		await env.settle();
		expect(cards.state.value).toEqual([card]);
	});
});
