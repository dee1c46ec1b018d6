import { describe, expect, it } from 'vitest';
import { VirtualClock } from '../../testing/virtual-clock.ts';
import type { BackplaneStatus } from '../../server/backplane.ts';
import { QueryError, type ListenEvents, type PostgresClient } from './client.ts';
import { Link } from './link.ts';

/** A server that can be away, refuse to be looked at, or not answer. */
class Scene {
	readonly clock = new VirtualClock();
	readonly statuses: BackplaneStatus[] = [];
	readonly steps: string[] = [];
	isAway = false;
	/** What looking for what was missed comes to. */
	opened: () => Promise<void> = async () => {};
	echo: () => Promise<void> = async () => {};
	connection: ListenEvents | null = null;
	readonly link = new Link({
		client: { listen: (_channel, events) => this.#listen(events) } as Pick<
			PostgresClient,
			'listen'
		> as PostgresClient,
		channel: 'tidewire',
		clock: this.clock,
		timeoutMs: 2_000,
		notified: (payload) => this.steps.push(payload),
		opened: () => (this.steps.push('opened'), this.opened()),
		echo: () => this.echo(),
		status: (status) => {
			this.statuses.push(status);
			this.steps.push(status.available ? 'there' : 'away');
		}
	});

	async #listen(events: ListenEvents) {
		if (this.isAway) throw new QueryError(new Error('refused'), 'none');
		this.steps.push('listens');
		this.connection = events;
		return { close: async () => void this.steps.push('closed') };
	}
}

describe('a link', () => {
	it('says that the server is there only after what was missed was looked for', async () => {
		const scene = new Scene();
		expect(scene.link.reason).toBe('it was not started');
		const looked = Promise.withResolvers<void>();
		scene.opened = () => looked.promise;
		const started = scene.link.start();
		await scene.clock.advance(10);
		expect([scene.link.reason, scene.steps]).toEqual(['it was not started', ['listens', 'opened']]);
		looked.resolve();
		await started;
		expect([scene.link.reason, scene.statuses]).toEqual([null, []]);
	});

	it('fails at the start where the server is away, or cannot be looked at, and leaves nothing open', async () => {
		const scene = new Scene();
		scene.isAway = true;
		await expect(scene.link.start()).rejects.toThrow(/refused/);
		scene.isAway = false;
		scene.opened = () => Promise.reject(new Error('no schema'));
		await expect(scene.link.start()).rejects.toThrow(/no schema/);
		expect(scene.steps.at(-1)).toBe('closed');
		expect(scene.clock.pending).toBe(0);
	});

	it('opens anew for ever after a loss, and tells of it once', async () => {
		const scene = new Scene();
		await scene.link.start();
		scene.isAway = true;
		scene.connection?.lost('the connection was closed');
		scene.connection?.lost('again');
		expect(scene.statuses).toEqual([{ available: false, reason: 'the connection was closed' }]);
		await scene.clock.advance(60_000);
		expect(scene.link.reason).toBe('refused');
		scene.isAway = false;
		await scene.clock.advance(5_000);
		expect(scene.statuses).toHaveLength(2);
		expect([scene.statuses[1], scene.link.reason]).toEqual([{ available: true, reason: null }, null]);
		expect(scene.steps.slice(-3)).toEqual(['listens', 'opened', 'there']);
	});

	it('is lost where what it sends does not come back in time, without anybody asking', async () => {
		const scene = new Scene();
		await scene.link.start();
		scene.echo = () => new Promise(() => {});
		await scene.clock.advance(4_100);
		expect(scene.statuses[0]).toMatchObject({
			available: false,
			reason: expect.stringMatching(/2000 ms/) as string
		});
	});

	it('tries anew where the connection ended while what was missed was looked for', async () => {
		const scene = new Scene();
		await scene.link.start();
		scene.opened = async () => {
			scene.opened = async () => {};
			scene.connection?.lost('ended');
		};
		scene.link.lose('the log has begun anew');
		await scene.clock.advance(10_000);
		expect(scene.steps).toEqual([
			'listens',
			'opened',
			'closed',
			'away',
			'listens',
			'opened',
			'closed',
			'listens',
			'opened',
			'there'
		]);
	});

	it('does nothing any more once it was stopped', async () => {
		const scene = new Scene();
		await scene.link.start();
		scene.link.lose('lost');
		await scene.link.stop();
		await scene.clock.advance(60_000);
		expect([scene.link.reason, scene.steps.filter((step) => step === 'listens').length]).toEqual([
			'it was stopped',
			1
		]);
		expect(scene.clock.pending).toBe(0);
	});
});
