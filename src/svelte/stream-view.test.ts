import { type Component, flushSync, mount, tick, unmount } from 'svelte';
import { afterEach, expect, test } from 'vitest';
import CustomView from '../../test/svelte/CustomView.svelte';
import DefaultView from '../../test/svelte/DefaultView.svelte';
import { MemoryStream } from '../../test/svelte/memory-stream.ts';
import { LiveError } from '../base/errors.ts';
import { StreamResource } from './resource.ts';
import type { Viewable } from './viewable.ts';

let leave: () => Promise<void> = () => Promise.resolve();
afterEach(() => leave());

function show(view: Component<{ stream: Viewable<string[]> }>) {
	const stream = new MemoryStream();
	const target = document.body;
	const component = mount(view, { target, props: { stream: new StreamResource<string[], never>(stream, 'key') } });
	leave = () => unmount(component);
	flushSync();
	const change = (run: () => void) => {
		run();
		flushSync();
	};
	return { stream, target, change, find: (selector: string) => target.querySelector<HTMLElement>(selector) };
}

test('by default a loading stream is a status, and its first value takes the place', () => {
	const { stream, target, change, find } = show(DefaultView);
	expect(find('[role=status]')?.textContent).toBe('Loading…');
	change(() => stream.receive(['Ada']));
	expect(find('[role=status]')).toBeNull();
	expect(target.textContent?.trim()).toBe('1 names');
});

test('by default an error is an alert whose button loads anew', () => {
	const { stream, change, find } = show(DefaultView);
	change(() => stream.set({ loading: false, error: new LiveError('FORBIDDEN', 'not a member') }));
	expect(find('[role=alert] p')?.textContent).toBe('not a member');
	expect(find('[role=status]')).toBeNull();
	find('[role=alert] button')?.click();
	expect(stream.calls).toEqual([['refresh']]);
});

test('the default says nothing about a lost connection', () => {
	const { stream, target, change } = show(DefaultView);
	change(() => stream.receive(['Ada']));
	change(() => stream.set({ connected: false }));
	expect(target.textContent?.trim()).toBe('1 names');
});

test('own snippets show each state, and the value follows every change', () => {
	const { stream, target, change, find } = show(CustomView);
	expect(find('b')?.textContent).toBe('soon');
	change(() => stream.receive(['Ada']));
	change(() => stream.receive(['Ada', 'Grace']));
	expect(find('b')).toBeNull();
	expect([...target.querySelectorAll('li')].map((item) => item.textContent)).toEqual(['Ada', 'Grace']);
	expect(find('i')).toBeNull();
	change(() => stream.set({ connected: false }));
	expect(find('i')?.textContent).toBe('stale');
});

test('a value stays on the page beside the error that ended the stream', () => {
	const { stream, change, find } = show(CustomView);
	change(() => stream.receive(['Ada']));
	change(() => stream.set({ connected: false, error: new LiveError('SESSION_EXPIRED') }));
	expect(find('button')?.textContent).toBe('SESSION_EXPIRED');
	expect(find('li')?.textContent).toBe('Ada');
	expect(find('i')).toBeNull();
	find('button')?.click();
	expect(stream.calls).toEqual([['refresh']]);
});

test('a retry that fails again leaves no unhandled rejection', async () => {
	const { stream, change, find } = show(CustomView);
	stream.refresh = () => Promise.reject(new LiveError('FORBIDDEN'));
	change(() => stream.set({ loading: false, error: new LiveError('FORBIDDEN') }));
	find('button')?.click();
	await tick(); // Vitest fails the run on an unhandled rejection.
	expect(find('button')?.textContent).toBe('FORBIDDEN');
});

test('a view that is removed subscribes no longer', async () => {
	const { stream } = show(DefaultView);
	expect(stream.listeners).toBeGreaterThan(0);
	await leave();
	leave = () => Promise.resolve();
	await tick();
	expect(stream.listeners).toBe(0);
});
