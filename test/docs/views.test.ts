// The examples of docs/views.md, run: their files are written beside each other, on the sources instead of the package.
import { afterEach, describe, expect, it } from 'vitest';
import { createTestEnv } from '../../src/testing/test-env.ts';
import { runExamples } from './run-examples.ts';

const load = runExamples('views');

const env = createTestEnv();
afterEach(() => env.cleanup());

const note = (id: string, to: string, at: number) => ({ id, to, at, author: 'eve', text: id, dismissed: false });
const shown = (id: string) => ({ id, text: id, authorName: 'name of eve' });

describe('docs/views.md', () => {
	it('shows everybody their own newest notes, and nothing of others', async () => {
		env.register('lib/inbox', await load<object>('lib/inbox.live.ts'));
		const [ada, bob] = [env.connect({ id: 'ada' }), env.connect({ id: 'bob' })];
		const inbox = ada.subscribe('lib/inbox/inbox');
		expect(await inbox.ready).toEqual([]);
		for (const [index, to] of ['ada', 'bob', 'ada'].entries())
			await bob.call('lib/inbox/put', note(`n${index}`, to, index));
		await env.settle();
		expect(inbox.value).toEqual([shown('n2'), shown('n0')]);
		expect(await bob.subscribe('lib/inbox/inbox').ready).toEqual([shown('n1')]);
		await bob.call('lib/inbox/put', { ...note('n2', 'ada', 2), dismissed: true });
		await env.settle();
		expect(inbox.value).toEqual([shown('n0')]);
		await bob.call('lib/inbox/dismissAll');
		await env.settle();
		expect(inbox.value).toEqual([]);
		expect(await bob.subscribe('lib/inbox/beta').ready).toBeUndefined();
		expect(await ada.subscribe('lib/inbox/beta').ready).toEqual(['new']);
	});
});
