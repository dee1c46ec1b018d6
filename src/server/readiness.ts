// What a load balancer is told of a server.

export interface Readiness {
	readonly ready: boolean;
	/** starting: not started yet · draining: shuts down · no-backplane: what joins the processes cannot be reached */
	readonly state: 'ready' | 'starting' | 'draining' | 'no-backplane';
	/** Why not; null where it is. */
	readonly reason: string | null;
}
