import { afterEach, describe, expect, it, vi } from 'vitest';
import { PRIMARY_VARIABLE } from '../backplanes/cluster/is-worker.ts';
import { memory } from '../backplanes/memory/memory.ts';
import { FaultyCluster, NO_FAULTS } from '../testing/faulty-cluster.ts';
import { Random } from '../testing/random.ts';
import { VirtualClock } from '../testing/virtual-clock.ts';
import { joinedBackplane } from './join.ts';

afterEach(() => void vi.unstubAllGlobals());

/** Makes this process look like another one. */
function pretend(facts: { primary?: number; isWorker: boolean }): void {
	const values = {
		ppid: 7,
		env: { ...(facts.primary !== undefined && { [PRIMARY_VARIABLE]: String(facts.primary) }) },
		send: () => true,
		getBuiltinModule: () => ({ isWorker: facts.isWorker })
	};
	const descriptors = Object.entries(values).map(([name, value]) => [name, { value }] as const);
	vi.stubGlobal('process', Object.create(process, Object.fromEntries(descriptors)));
}

const remote = () =>
	new FaultyCluster({ clock: new VirtualClock(), random: new Random(1), faults: NO_FAULTS }).member();
const warn = vi.fn();
afterEach(() => void warn.mockReset());

describe('in a process of its own', () => {
	it('the app has the backplane that it configured, or its memory', async () => {
		pretend({ isWorker: false });
		const log = memory();
		expect(await joinedBackplane(log, warn)).toBe(log);
		expect((await joinedBackplane(undefined, warn)).name).toBe('memory');
		expect(warn).not.toHaveBeenCalled();
	});

	it('which a worker started, nothing is asked of the primary of that worker', async () => {
		pretend({ primary: 6, isWorker: false });
		expect((await joinedBackplane(undefined, warn)).name).toBe('memory');
	});
});

describe('in a worker', () => {
	it('that is joined with others, the primary keeps a history that is for one process', async () => {
		pretend({ primary: 7, isWorker: true });
		expect((await joinedBackplane(undefined, warn)).name).toBe('cluster');
		expect((await joinedBackplane(memory(), warn)).name).toBe('cluster');
		expect(warn).not.toHaveBeenCalled();
	});

	it('the app has the backplane that it configured where that joins processes by itself', async () => {
		const backplane = remote();
		for (const primary of [7, 6]) {
			pretend({ primary, isWorker: true });
			expect(await joinedBackplane(backplane, warn)).toBe(backplane);
		}
		expect(warn).not.toHaveBeenCalled();
	});

	it('that nothing joins with the others, the app is told so', async () => {
		pretend({ isWorker: true });
		expect((await joinedBackplane(undefined, warn)).name).toBe('memory');
		expect(warn).toHaveBeenCalledWith(expect.stringContaining('hears nothing of what the others publish'));
	});
});
