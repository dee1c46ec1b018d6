// Several servers on one log and one clock, in one process, of which any can be killed: from then on nothing of it runs, and
// nothing that it asks for is done or answered.
import type { Backplane } from '../../src/server/backplane.ts';
import { LiveServer, type ServerOptions } from '../../src/server/server.ts';
import { ClockView, type ClockSkew } from '../../src/testing/clock-view.ts';
import { FaultyCluster, NO_FAULTS, type ClusterFaults } from '../../src/testing/faulty-cluster.ts';
import { Random } from '../../src/testing/random.ts';
import { VirtualClock } from '../../src/testing/virtual-clock.ts';

export interface ClusterServer {
	readonly server: LiveServer;
	/** What its log would hold. */
	readonly errors: { path: string; error: unknown }[];
	/** Ends it as SIGKILL does. */
	kill(): void;
	/** Takes its network away: what it asks for is never done. Its own clock goes on. */
	cutOff(): void;
}

export interface ClusterSettings {
	modules: Record<string, Record<string, unknown>>;
	faults?: Partial<ClusterFaults>;
	/** The most events that a topic keeps. */
	events?: number;
}

export class ServerCluster {
	readonly clock = new VirtualClock();
	readonly log: FaultyCluster;
	readonly #settings: ClusterSettings;

	constructor(settings: ClusterSettings) {
		this.#settings = settings;
		const { faults, events } = settings;
		this.log = new FaultyCluster({
			clock: this.clock,
			random: new Random(1),
			faults: { ...NO_FAULTS, ...faults },
			...(events !== undefined && { events })
		});
	}

	async start(options: Partial<ServerOptions> = {}, skew: ClockSkew = {}): Promise<ClusterServer> {
		const view = new ClockView(this.clock, skew);
		const network = { cut: false };
		const errors: ClusterServer['errors'] = [];
		const server = new LiveServer({
			backplane: cuttable(this.log.member(), network),
			clock: view,
			onError: (path, error) => void errors.push({ path, error }),
			...options
		});
		for (const [id, exports] of Object.entries(this.#settings.modules)) server.registry.register(id, exports);
		const started = server.start();
		await this.clock.settle();
		await started;
		const cutOff = (): void => void (network.cut = true);
		return { server, errors, cutOff, kill: () => (cutOff(), view.stop()) };
	}
}

/** A backplane whose methods are without effect and never answer once the network is cut. */
function cuttable(backplane: Backplane, network: { cut: boolean }): Backplane {
	const guarded = <Target extends object>(target: Target): Target =>
		new Proxy(target, {
			get(_, name) {
				const value: unknown = Reflect.get(target, name, target);
				if (name === 'store') return guarded(value as object);
				if (typeof value !== 'function') return value;
				return async (...args: unknown[]): Promise<unknown> => {
					if (network.cut) return new Promise(() => {});
					const result: unknown = await (value.apply(target, args) as Promise<unknown>);
					return network.cut ? new Promise(() => {}) : result;
				};
			}
		});
	return guarded(backplane);
}
