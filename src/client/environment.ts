// What the page's surroundings tell about the network. Injected, so that the simulator can switch the network itself.

/** `online`: the network is back. `offline`: it may be gone. `visible`: somebody looks at the page again. */
export type EnvironmentSignal = 'online' | 'offline' | 'visible';

export interface Environment {
	/** Begins to report. Returns what stops it. */
	watch(report: (signal: EnvironmentSignal) => void): () => void;
}

type Listen = (type: string, listener: () => void, options: { signal: AbortSignal }) => void;

/** The window and the document; silent where there are none. */
export const browserEnvironment: Environment = {
	watch(report) {
		const { document, addEventListener } = globalThis as {
			document?: { visibilityState: string; addEventListener: Listen };
			addEventListener?: Listen;
		};
		const end = new AbortController();
		addEventListener?.('online', () => report('online'), end);
		addEventListener?.('offline', () => report('offline'), end);
		const look = () => document?.visibilityState === 'visible' && report('visible');
		document?.addEventListener('visibilitychange', look, end);
		return () => end.abort();
	}
};
