import { flushSync, tick } from 'svelte';
import { derived, get, writable } from 'svelte/store';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { MemoryStream } from '../../test/svelte/memory-stream.ts';
import { show } from '../../test/svelte/shown.svelte.ts';
import { LiveError } from '../base/errors.ts';
import { StreamResource } from './resource.ts';

interface Events {
	created: number;
}

function setUp() {
	const stream = new MemoryStream();
	return { stream, resource: new StreamResource<number[], Events>(stream, 'key') };
}

const snapshotOf = (value: number[]) => ({
	value,
	position: { epoch: 'e', offset: 1 },
	merge: { kind: 'set' as const, key: 'id', prepend: false, max: 0 }
});

describe('effects', () => {
	test('the first effect subscribes and the last one that leaves ends the subscription', async () => {
		const { stream, resource } = setUp();
		const first = show(() => resource.current);
		const second = show(() => resource.current);
		expect(stream.listeners).toBe(1);

		first.leave();
		await tick();
		expect(stream.listeners).toBe(1);

		second.leave();
		await tick();
		expect(stream.listeners).toBe(0);
	});

	test('an effect that reads every property leaves nothing behind', async () => {
		const { stream, resource } = setUp();
		const { leave } = show(() => [
			resource.current,
			resource.ready,
			resource.loading,
			resource.error,
			resource.connected
		]);
		expect(stream.listeners).toBeGreaterThan(0);
		leave();
		await tick();
		expect(stream.listeners).toBe(0);
	});

	test('an effect runs again for every change of what it reads', () => {
		const { stream, resource } = setUp();
		const { seen, leave } = show(() => resource.current);
		stream.receive([1]);
		flushSync();
		stream.receive([1, 2]);
		flushSync();
		expect(seen).toEqual([undefined, [1], [1, 2]]);
		leave();
	});

	test('an effect does not run again for changes of what it does not read', () => {
		const { stream, resource } = setUp();
		const { seen, leave } = show(() => resource.connected);
		stream.receive([1]);
		flushSync();
		stream.receive([2]);
		flushSync();
		stream.set({ connected: false });
		flushSync();
		expect(seen).toEqual([false, true, false]);
		leave();
	});

	test('the subscription survives an effect that runs again', async () => {
		const { stream, resource } = setUp();
		const { leave } = show(() => resource.current);
		for (const value of [1, 2, 3]) {
			stream.receive([value]);
			flushSync();
			await tick();
			expect(stream.listeners).toBe(1);
		}
		leave();
	});

	test('a derived value follows the stream and ends with its effect', async () => {
		const { stream, resource } = setUp();
		const seen: number[] = [];
		const leave = $effect.root(() => {
			const size = $derived(resource.current?.length ?? 0);
			$effect(() => {
				seen.push(size);
			});
		});
		flushSync();
		stream.receive([1]);
		flushSync();
		stream.receive([7]); // Same size: the effect has nothing to do.
		flushSync();
		stream.receive([1, 2]);
		flushSync();
		expect(seen).toEqual([0, 1, 2]);
		leave();
		await tick();
		expect(stream.listeners).toBe(0);
	});

	test('an effect that comes back after everyone left sees what changed meanwhile', async () => {
		const { stream, resource } = setUp();
		show(() => resource.current).leave();
		await tick();
		stream.receive([1]);
		const { seen, leave } = show(() => resource.current);
		stream.receive([2]);
		flushSync();
		expect(seen).toEqual([[1], [2]]);
		leave();
	});

	test('a read outside of effects gives the latest value and subscribes to nothing', () => {
		const { stream, resource } = setUp();
		expect(resource.current).toBeUndefined();
		stream.receive([1]);
		expect(resource.current).toEqual([1]);
		expect(resource.ready).toBe(true);
		expect(resource.loading).toBe(false);
		expect(stream.listeners).toBe(0);
	});

	test('a derived that names the stream under a condition subscribes while that holds', async () => {
		const { stream, resource } = setUp();
		let wanted = $state(false);
		const list = $derived(wanted ? resource : undefined);
		const { seen, leave } = show(() => list?.current);
		for (const value of [1, 2]) {
			expect(stream.listeners).toBe(0);
			wanted = true;
			flushSync();
			expect(stream.listeners).toBe(1);
			stream.receive([value]);
			flushSync();
			expect(seen.at(-1)).toEqual([value]);
			wanted = false;
			flushSync();
			expect(seen.at(-1)).toBeUndefined();
			await tick();
		}
		expect(stream.listeners).toBe(0);
		leave();
	});

	test('so does one that reads it under a condition', async () => {
		const { stream, resource } = setUp();
		let wanted = $state(true);
		const value = $derived(wanted ? resource.current : undefined);
		const { seen, leave } = show(() => value);
		expect(stream.listeners).toBe(1);
		stream.receive([1]);
		flushSync();
		wanted = false;
		flushSync();
		await tick();
		expect([stream.listeners, seen]).toEqual([0, [undefined, [1], undefined]]);
		leave();
	});

	test('a derived may hydrate a stream that another effect shows', () => {
		const { stream, resource } = setUp();
		const { seen, leave } = show(() => resource.current);
		let value = $state.raw([1]);
		const leaveOther = $effect.root(() => {
			const hydrated = $derived(resource.hydrate(snapshotOf(value)));
			$effect(() => void hydrated.current);
		});
		flushSync();
		value = [2];
		flushSync();
		expect(seen).toEqual([undefined, [1], [2]]);
		expect(stream.state.loading).toBe(false);
		leave();
		leaveOther();
	});
});

describe('promise', () => {
	test('it resolves with the first value and is subscribed only until then', async () => {
		const { stream, resource } = setUp();
		const first = resource.then((value) => value);
		expect(stream.listeners).toBe(1);
		stream.receive([1]);
		expect(await first).toEqual([1]);
		expect(stream.listeners).toBe(0);
	});

	test('it resolves with the current value from then on', async () => {
		const { stream, resource } = setUp();
		stream.receive([1]);
		expect(await resource).toEqual([1]);
		stream.receive([2]);
		expect(await resource).toEqual([2]);
	});

	test('it rejects with the error of the stream', async () => {
		const { stream, resource } = setUp();
		const outcome = resource.then(
			() => 'value',
			(error: unknown) => (error as LiveError).code
		);
		stream.set({ error: new LiveError('FORBIDDEN'), loading: false });
		expect(await outcome).toBe('FORBIDDEN');
		expect(stream.listeners).toBe(0);
	});

	test('an effect that awaits runs again after a later value, and not for the first', async () => {
		const { stream, resource } = setUp();
		const { seen, leave } = show(() => resource.then);
		stream.receive([1]);
		flushSync();
		expect(seen).toHaveLength(1);
		stream.set({ connected: false });
		flushSync();
		expect(seen).toHaveLength(1);
		stream.receive([2]);
		flushSync();
		expect(seen).toHaveLength(2);
		leave();
		await tick();
		expect(stream.listeners).toBe(0);
	});
});

describe('store', () => {
	test('a subscriber gets the current value at once, then each other one', () => {
		const { stream, resource } = setUp();
		const seen: unknown[] = [];
		const stop = resource.subscribe((value) => seen.push(value));
		expect(seen).toEqual([undefined]);
		stream.receive([1]);
		stream.set({ connected: false });
		stream.receive([2]);
		expect(seen).toEqual([undefined, [1], [2]]);
		stop();
		stream.receive([3]);
		expect(seen).toHaveLength(3);
		expect(stream.listeners).toBe(0);
	});

	test('svelte/store reads it as a store', () => {
		const { stream, resource } = setUp();
		stream.receive([1]);
		expect(get(resource)).toEqual([1]);
		expect(stream.listeners).toBe(0);
	});

	test('a derived store subscribes while its condition holds', () => {
		const { stream, resource } = setUp();
		const wanted = writable(false);
		const list = derived<typeof wanted, number[] | undefined>(wanted, (holds, set) =>
			holds ? resource.subscribe(set) : set(undefined)
		);
		const seen: unknown[] = [];
		const stop = list.subscribe((value) => seen.push(value));
		expect(stream.listeners).toBe(0);
		wanted.set(true);
		expect(stream.listeners).toBe(1);
		stream.receive([1]);
		wanted.set(false);
		expect(stream.listeners).toBe(0);
		expect(seen).toEqual([undefined, [1], undefined]);
		stop();
	});
});

describe('changes', () => {
	test('hydrate gives a value at once and returns the resource', () => {
		const { resource } = setUp();
		expect(resource.hydrate(snapshotOf([1]))).toBe(resource);
		expect(resource.current).toEqual([1]);
		expect(resource.loading).toBe(false);
	});

	test('optimistic, mutate and refresh go to the stream', async () => {
		const { stream, resource } = setUp();
		resource.optimistic('created', 1)();
		expect(await resource.mutate('created', 2, () => Promise.resolve('done'))).toBe('done');
		await resource.refresh();
		expect(stream.calls).toEqual([
			['optimistic', 'created', 1],
			['taken back', 'created'],
			['mutate', 'created', 2],
			['refresh']
		]);
	});
});

/** A stream that shows optimistic events, as the client's do. */
class OptimisticStream extends MemoryStream {
	override optimistic(_event: string, data: unknown): () => void {
		const { value } = this.state;
		this.set({ value: [...(value as number[]), data as number] });
		return () => this.set({ value });
	}
}

describe('on a page that is shown', () => {
	const requested: FrameRequestCallback[] = [];

	/** Frames come when the test draws them. */
	function showPage() {
		Object.assign(document, { visibilityState: 'visible' });
		vi.stubGlobal('requestAnimationFrame', (run: FrameRequestCallback) => requested.push(run));
	}

	function draw() {
		for (const run of requested.splice(0)) run(0);
		flushSync();
	}

	/** Each in a message of its own. */
	async function receive(stream: MemoryStream, from: number, to: number) {
		for (let value = from; value <= to; value++) {
			stream.receive([value]);
			await tick();
		}
	}

	afterEach(() => {
		while (requested.length > 0) draw();
		Object.assign(document, { visibilityState: 'hidden' });
		vi.unstubAllGlobals();
	});

	test('a flood of messages runs effects once per animation frame, and ends with the last value', async () => {
		showPage();
		const { stream, resource } = setUp();
		const { seen, leave } = show(() => resource.current);
		await receive(stream, 1, 50);
		draw();
		await receive(stream, 51, 100);
		expect(resource.current).toEqual([100]); // a read is never late
		draw();
		draw();
		expect(seen).toEqual([undefined, [1], [50], [100]]);
		leave();
	});

	test('a store tells its subscribers once per frame', async () => {
		showPage();
		const { stream, resource } = setUp();
		const seen: unknown[] = [];
		const stop = resource.subscribe((value) => seen.push(value));
		await receive(stream, 1, 50);
		draw();
		expect(seen).toEqual([undefined, [1], [50]]);
		await receive(stream, 51, 60);
		stop();
		draw();
		expect(seen).toHaveLength(3);
	});

	test('own optimistic changes show at once in the middle of a flood, and so does taking them back', async () => {
		showPage();
		const stream = new OptimisticStream();
		const resource = new StreamResource<number[], Events>(stream, 'key');
		const { seen, leave } = show(() => resource.current);
		await receive(stream, 1, 50);
		const takeBack = resource.optimistic('created', 51);
		flushSync();
		expect(seen.at(-1)).toEqual([50, 51]);
		takeBack();
		flushSync();
		expect(seen.at(-1)).toEqual([50]);
		leave();
	});

	test('what changes and changes back while a frame is awaited shows right, whoever looked in between', async () => {
		showPage();
		const { stream, resource } = setUp();
		let other = $state(0);
		const { seen, leave } = show(() => [other, resource.connected]);
		await receive(stream, 1, 2);
		draw();
		stream.set({ connected: false });
		await tick();
		other = 1;
		flushSync();
		expect(seen.at(-1)).toEqual([1, false]);
		stream.set({ connected: true });
		draw();
		expect(seen.at(-1)).toEqual([1, true]);
		leave();
	});
});
