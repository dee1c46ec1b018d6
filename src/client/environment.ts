// What the page's surroundings tell about the network. Injected, so that the simulator can switch the network itself.

/** `online`: the network is back. `offline`: it may be gone. `visible`: somebody looks at the page again. */
export type EnvironmentSignal = 'online' | 'offline' | 'visible';

export interface Environment {
	/** Begins to report. Returns what stops it. */
	watch(report: (signal: EnvironmentSignal) => void): () => void;
}

interface EventSource {
	addEventListener?(type: string, listener: () => void): void;
	removeEventListener?(type: string, listener: () => void): void;
}

/** The window and the document; silent where there are none. */
export const browserEnvironment: Environment = {
	watch(report) {
		const { document } = globalThis as { document?: EventSource & { visibilityState: string } };
		const window = document ? (globalThis as EventSource) : undefined;
		const online = () => report('online');
		const offline = () => report('offline');
		const visibility = () => document?.visibilityState === 'visible' && report('visible');
		window?.addEventListener?.('online', online);
		window?.addEventListener?.('offline', offline);
		document?.addEventListener?.('visibilitychange', visibility);
		return () => {
			window?.removeEventListener?.('online', online);
			window?.removeEventListener?.('offline', offline);
			document?.removeEventListener?.('visibilitychange', visibility);
		};
	}
};
