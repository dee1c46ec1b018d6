import { flushSync } from 'svelte';
import { describe, expect, test, vi } from 'vitest';
import { connectedPage } from '../../test/svelte/connected-page.ts';
import { show } from '../../test/svelte/shown.svelte.ts';
import type { LiveUploadTask } from '../base/bytes-surface.ts';
import { LiveError } from '../base/errors.ts';
import { binary, download, generate, upload, volatile } from './bytes-stubs.ts';

const server = connectedPage();

/** The next message of this kind: a file is read in passes of the event loop. */
async function next<Kind extends 'call' | 'chunk' | 'more' | 'cancel'>(kind: Kind) {
	return vi.waitFor(() => server.take(kind), { interval: 1 });
}

describe('an upload', () => {
	test('shows how far it is in effects, and what the function returned', async () => {
		const task: LiveUploadTask<unknown> = upload('lib/files/attach')(new Blob(['hello there']), 'c1');
		const { seen } = show(() => Math.round(task.progress * 11));
		const { id, file, args } = await next('call');
		expect([file?.size, args]).toEqual([11, ['c1']]);
		server.wanted(id, 0, 5);
		expect(await next('chunk')).toMatchObject({ id, offset: 0, bytes: new TextEncoder().encode('hello') });
		server.wanted(id, 5, 11);
		flushSync();
		expect((await next('chunk')).offset).toBe(5);
		server.result(id, '/files/1');
		expect(await task).toBe('/files/1');
		flushSync();
		expect([...new Set(seen)]).toEqual([0, 5, 11]);
	});

	test('is ended by the page', async () => {
		const task = upload('lib/files/attach')(new Uint8Array(3));
		const { id } = await next('call');
		task.abort();
		await expect(task).rejects.toMatchObject({ code: 'CANCELLED' });
		expect(await next('cancel')).toEqual({ kind: 'cancel', id });
		task.abort();
		expect(await server.sent()).toEqual([]);
	});
});

test('a call with bytes brings them in its frame', async () => {
	const answer = binary('lib/files/sum')(new Uint8Array([1, 2]), 'x');
	const { id, bytes, args } = await next('call');
	expect([bytes, args]).toEqual([new Uint8Array([1, 2]), ['x']]);
	server.result(id, 3);
	expect(await answer).toBe(3);
});

test('values are taken one by one, and asked for as they are', async () => {
	const seen: unknown[] = [];
	const loop = (async () => {
		for await (const value of generate('lib/files/search')('x')) if (seen.push(value) === 9) break;
	})();
	const { id } = await next('call');
	for (let value = 0; value < 12; value++) server.value(id, value);
	await loop;
	const said = await server.sent();
	expect(said).toEqual([
		{ kind: 'more', id, count: 8 },
		{ kind: 'cancel', id }
	]);
	expect(seen).toHaveLength(9);
});

test('a download is a blob, or the error of the server', async () => {
	const blob = download('lib/files/read')('a').blob('text/plain');
	const { id } = await next('call');
	server.part(id, 0, 'hello');
	server.part(id, 5, ' there');
	server.result(id, undefined);
	expect(await (await blob).text()).toBe('hello there');
	const failed = download('lib/files/read')('b').blob();
	server.refuse((await next('call')).id, new LiveError('NOT_FOUND'));
	await expect(failed).rejects.toMatchObject({ code: 'NOT_FOUND' });
});

test('a volatile call leaves at once, and returns nothing', async () => {
	expect(volatile('lib/files/point')(1, 2)).toBeUndefined();
	expect(await next('call')).toMatchObject({ path: 'lib/files/point', args: [1, 2], silent: true });
});
