import { describe, expect, test, vi } from 'vitest';
import { VirtualClock } from '../testing/virtual-clock.ts';
import { Frames } from './frames.ts';

/** A page whose frames come when a test draws them. */
class Page {
	readonly clock = new VirtualClock();
	isHidden = false;
	readonly #requested = new Set<() => void>();
	readonly frames = new Frames({
		clock: this.clock,
		request: (run) => {
			if (this.isHidden) return undefined;
			this.#requested.add(run);
			return () => void this.#requested.delete(run);
		}
	});

	/** How many frames are awaited. */
	get requested(): number {
		return this.#requested.size;
	}

	draw(): void {
		const requested = [...this.#requested];
		this.#requested.clear();
		for (const run of requested) run();
	}
}

/** The end of the message that a browser's event brought. */
const endOfMessage = (): Promise<void> => Promise.resolve();

describe('changes', () => {
	test('the first one after a quiet frame shows at once, with all that its message changed', async () => {
		const { frames } = new Page();
		const [first, second] = [vi.fn(), vi.fn()];
		frames.soon(first);
		frames.soon(second);
		frames.soon(first);
		expect([first.mock.calls.length, second.mock.calls.length]).toEqual([2, 1]);
		await endOfMessage();
	});

	test('later ones show with the next frame, once each', async () => {
		const page = new Page();
		const [one, other] = [vi.fn(), vi.fn()];
		page.frames.soon(one);
		await endOfMessage();
		for (let message = 0; message < 100; message++) {
			page.frames.soon(one);
			page.frames.soon(other);
			await endOfMessage();
		}
		expect([one.mock.calls.length, other.mock.calls.length]).toEqual([1, 0]);
		page.draw();
		expect([one.mock.calls.length, other.mock.calls.length]).toEqual([2, 1]);
	});

	test('a flood that goes on shows once per frame', async () => {
		const page = new Page();
		const update = vi.fn();
		page.frames.soon(update);
		await endOfMessage();
		for (let frame = 1; frame <= 10; frame++) {
			for (let message = 0; message < 5; message++) {
				page.frames.soon(update);
				await endOfMessage();
			}
			page.draw();
			expect(update).toHaveBeenCalledTimes(1 + frame);
		}
	});

	test('a frame without changes ends the waiting: the next one shows at once, and no frame is awaited for nothing', async () => {
		const page = new Page();
		const update = vi.fn();
		page.frames.soon(update);
		await endOfMessage();
		page.draw();
		expect(page.requested).toBe(0);
		page.frames.soon(update);
		expect(update).toHaveBeenCalledTimes(2);
		await endOfMessage();
	});

	test('one that another brings about waits for the frame after it', async () => {
		const page = new Page();
		const follower = vi.fn();
		page.frames.soon(vi.fn());
		await endOfMessage();
		page.frames.soon(() => page.frames.soon(follower));
		page.draw();
		expect(follower).not.toHaveBeenCalled();
		page.draw();
		expect(follower).toHaveBeenCalledTimes(1);
	});

	test('one that is forgotten is not shown', async () => {
		const page = new Page();
		const update = vi.fn();
		page.frames.soon(vi.fn());
		await endOfMessage();
		page.frames.soon(update);
		page.frames.forget(update);
		page.draw();
		expect(update).not.toHaveBeenCalled();
	});

	test('the own ones of a user wait for nothing, and do not show again with the frame', async () => {
		const page = new Page();
		const [own, foreign] = [vi.fn(), vi.fn()];
		page.frames.soon(vi.fn());
		await endOfMessage();
		page.frames.soon(own);
		page.frames.soon(foreign);
		expect(page.frames.atOnce(() => (page.frames.soon(own), 'result'))).toBe('result');
		expect([own.mock.calls.length, foreign.mock.calls.length]).toEqual([1, 0]);
		page.draw();
		expect([own.mock.calls.length, foreign.mock.calls.length]).toEqual([1, 1]);
	});
});

describe('where no frame comes', () => {
	test('a hidden page shows every change at once', async () => {
		const page = new Page();
		page.isHidden = true;
		const update = vi.fn();
		for (let message = 1; message <= 3; message++) {
			page.frames.soon(update);
			expect(update).toHaveBeenCalledTimes(message);
			await endOfMessage();
		}
	});

	test('a page that is hidden while a frame is awaited shows what waits a tenth of a second later', async () => {
		const page = new Page();
		const update = vi.fn();
		page.frames.soon(update);
		await endOfMessage();
		page.frames.soon(update);
		page.isHidden = true;
		await page.clock.advance(100);
		expect(update).toHaveBeenCalledTimes(2);
		expect(page.requested).toBe(0);
		page.frames.soon(update);
		expect(update).toHaveBeenCalledTimes(3);
	});

	test('a frame that comes leaves no timer behind', async () => {
		const page = new Page();
		const update = vi.fn();
		page.frames.soon(update);
		await endOfMessage();
		page.frames.soon(update);
		page.draw();
		page.draw();
		await page.clock.advance(1_000);
		expect(update).toHaveBeenCalledTimes(2);
	});
});
