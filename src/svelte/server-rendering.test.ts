import { flushSync, hydrate, settled, unmount } from 'svelte';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import AsyncCards from '../../test/svelte/AsyncCards.svelte';
import HydratedCards from '../../test/svelte/HydratedCards.svelte';
import { MemoryStream } from '../../test/svelte/memory-stream.ts';
import { type ServerEntry, startServerSide } from '../../test/svelte/server-side.ts';
import type { LiveSnapshot } from '../base/surface.ts';
import { StreamResource } from './resource.ts';
import { seedKey } from './seed.ts';

let server: { entry: ServerEntry; close: () => Promise<void> };
beforeAll(async () => {
	server = await startServerSide();
}, 30_000);
afterAll(() => server.close());

let leave: (() => Promise<void>) | undefined;
afterEach(() => leave?.());

const snapshot: LiveSnapshot<string[]> = {
	value: ['Ada', 'Grace'],
	position: { epoch: 'e', offset: 7 },
	merge: { kind: 'set', key: 'id', prepend: false, max: 0 }
};

/** Puts the page into the document and runs the script with which Svelte hands over its data. */
function open({ head, body }: { head: string; body: string }): HTMLElement {
	const script = /<script[^>]*>([\s\S]*?)<\/script>/.exec(head)?.[1];
	// oxlint-disable-next-line typescript/no-implied-eval -- it is what a browser does with a script of the page
	if (script) new Function(script)();
	document.body.innerHTML = body;
	return document.body;
}

const texts = (target: HTMLElement, selector: string) =>
	[...target.querySelectorAll(selector)].map((element) => element.textContent);

test('a component that awaits a stream renders its value with one load for all its readers', async () => {
	// A second load would give other names, which Svelte reports as clobbered data.
	const page = await server.entry.renderAwaited((load) => ['Ada', `load ${load}`]);
	expect(page.body).toContain('<li>Ada</li><li>load 1</li>');
	expect(page.body).toContain('2 names');
	expect(page.loads).toBe(1);
});

test('a component that awaits a refused stream fails with the error of the load', async () => {
	expect(await server.entry.renderRefused()).toMatchObject({ code: 'FORBIDDEN', message: 'not a member' });
});

test('the browser takes over an awaited value before its stream has any', async () => {
	const target = open(await server.entry.renderAwaited(() => ['Ada', 'Grace']));
	const [before] = target.querySelectorAll('li');
	const stream = new MemoryStream();
	const resource = new StreamResource<string[], never>(stream, seedKey('lib/board/cards', ['b1']));
	const component = hydrate(AsyncCards, { target, props: { open: () => resource } });
	leave = () => unmount(component);
	await settled();

	expect(stream.state).toMatchObject({ value: ['Ada', 'Grace'], ready: true, loading: false });
	expect(texts(target, 'li')).toEqual(['Ada', 'Grace']);
	expect(target.querySelector('li')).toBe(before); // The server's element, not a new one.
	expect(stream.listeners).toBeGreaterThan(0);

	stream.receive(['Ada', 'Grace', 'Alan']);
	await settled();
	expect(texts(target, 'li')).toEqual(['Ada', 'Grace', 'Alan']);
	expect(texts(target, 'p')).toEqual(['3 names']);
});

test('a stream that is given a snapshot renders without a load and hydrates without a spinner', async () => {
	const page = await server.entry.renderHydrated(snapshot);
	expect(page.loads).toBe(0);
	expect(page.body).not.toContain('loading');
	const target = open(page);
	expect(texts(target, 'li')).toEqual(['Ada', 'Grace']);

	const stream = new MemoryStream();
	const resource = new StreamResource<string[], never>(stream, 'key');
	const component = hydrate(HydratedCards, { target, props: { open: () => resource, snapshot } });
	leave = () => unmount(component);
	flushSync();
	expect(texts(target, 'li')).toEqual(['Ada', 'Grace']);
	expect(texts(target, 'p')).toEqual(['2 names']);

	stream.receive(['Alan']);
	flushSync();
	expect(texts(target, 'li')).toEqual(['Alan']);
	expect(texts(target, 'p')).toEqual(['1 names']);
});
