// What V8 tells of the work of the package's code. Both figures need it to leave the code as it is: see `execArgv` of these
// tests in vitest.config.ts.
import { Session, type HeapProfiler, type Profiler } from 'node:inspector';

const isOurs = (url: string): boolean => url.includes('/src/');

/**
 * Counts every block of code that runs. There is one, from the start: V8 counts the blocks of functions alone that it
 * compiles while it is asked to.
 */
class Coverage {
	readonly #session = new Session();

	constructor() {
		this.#session.connect();
		this.#session.post('Profiler.enable');
		this.#session.post('Profiler.startPreciseCoverage', { callCount: true, detailed: true });
	}

	/** What ran since it was last asked. */
	take(): { steps: number; frames: number } {
		let functions: Profiler.FunctionCoverage[] = [];
		this.#session.post('Profiler.takePreciseCoverage', (error, { result }) => {
			if (error) throw error;
			functions = result.filter(({ url }) => isOurs(url)).flatMap((script) => script.functions);
		});
		const steps = functions.flatMap(({ ranges }) => ranges).reduce((sum, { count }) => sum + count, 0);
		const constructor = functions.find(({ functionName }) => functionName === 'Frame');
		return { steps, frames: constructor?.ranges[0]?.count ?? 0 };
	}
}

export const coverage = new Coverage();

/** Bytes of the heap that the package's code and what it calls take for `work`, also those that are free again. */
export async function allocatedBy(work: () => Promise<unknown>): Promise<number> {
	const session = new Session();
	session.connect();
	session.post('HeapProfiler.enable');
	session.post('HeapProfiler.startSampling', EVERY_OBJECT);
	await work();
	let bytes = 0;
	session.post('HeapProfiler.stopSampling', (error, { profile }) => {
		if (error) throw error;
		bytes = bytesOf(profile.head, false);
	});
	session.disconnect();
	return bytes;
}

const EVERY_OBJECT: HeapProfiler.StartSamplingParameterType & Record<string, unknown> = {
	samplingInterval: 1,
	includeObjectsCollectedByMajorGC: true,
	includeObjectsCollectedByMinorGC: true
};

function bytesOf({ callFrame, selfSize, children }: HeapProfiler.SamplingHeapProfileNode, isInside: boolean): number {
	const counts = isInside || isOurs(callFrame.url);
	return children.reduce((sum, child) => sum + bytesOf(child, counts), counts ? selfSize : 0);
}
