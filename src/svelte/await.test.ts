import { mount, tick, unmount } from 'svelte';
import { afterEach, expect, test } from 'vitest';
import AsyncBoundary from '../../test/svelte/AsyncBoundary.svelte';
import { MemoryStream } from '../../test/svelte/memory-stream.ts';
import { LiveError } from '../base/errors.ts';
import { StreamResource } from './resource.ts';

let leave: () => Promise<void> = () => Promise.resolve();
afterEach(() => leave());

/** Svelte's `settled` does not wait for what a boundary shows as pending: lets every promise that can go on do so. */
async function quiet() {
	for (let turn = 0; turn < 20; turn++) await tick();
}

function show() {
	const stream = new MemoryStream();
	const resource = new StreamResource<string[], never>(stream, 'key');
	const component = mount(AsyncBoundary, { target: document.body, props: { open: () => resource } });
	leave = () => unmount(component);
	const names = () => [...document.querySelectorAll('li')].map((item) => item.textContent);
	return { stream, names, find: (selector: string) => document.querySelector<HTMLElement>(selector) };
}

test('a component that awaits a stream is pending until the first value, and follows the later ones', async () => {
	const { stream, names, find } = show();
	await tick();
	expect(find('b')?.textContent).toBe('pending');
	for (const value of [['Ada'], ['Ada', 'Grace'], []]) {
		stream.receive(value);
		await quiet();
		expect(find('b')).toBeNull();
		expect(names()).toEqual(value);
		expect(find('p')?.textContent).toBe(`${value.length} names`);
	}
});

test('a component that awaits a stream subscribes no longer once it is removed', async () => {
	const { stream } = show();
	await tick();
	stream.receive(['Ada']);
	await quiet();
	expect(stream.listeners).toBeGreaterThan(0);
	await leave();
	leave = () => Promise.resolve();
	await tick();
	expect(stream.listeners).toBe(0);
});

test('the error of an awaited stream reaches the boundary, from where it can be tried again', async () => {
	const { stream, names, find } = show();
	await tick();
	stream.set({ loading: false, error: new LiveError('FORBIDDEN') });
	await quiet();
	expect(find('button')?.textContent).toBe('FORBIDDEN');
	stream.receive(['Ada']);
	find('button')?.click();
	await quiet();
	expect(names()).toEqual(['Ada']);
});
