// What a process says of itself to whoever operates it: the readers of its topics and the connections that do not keep up.

import type { Hub } from './hub.ts';
import { userIdOf } from './identity.ts';
import type { LiveConnection } from './live-connection.ts';
import type { Gauges } from './observer.ts';
import { Operations, type ProcessReport, type SlowReport, type TopicReport } from './processes/operations.ts';
import { isSystemTopic } from './processes/system-topic.ts';
import type { ServerParts } from './server-parts.ts';

/** A list is for people. */
const MAX_LISTED = 20;

/** What is reported on. */
export interface OperatedServer {
	readonly connections: ReadonlySet<LiveConnection>;
	readonly readiness: { readonly state: ProcessReport['state'] };
	readonly gauges: Gauges;
	drain(): Promise<void>;
}

export function operationsOf(
	{ process, backplane, hub, clock, onError }: ServerParts,
	server: OperatedServer
): Operations {
	const { roster, messenger } = process;
	const begunMs = clock.now();
	const report = (): ProcessReport => {
		const { connections, pendingCalls, queuedBytes, topics } = server.gauges;
		const counts = { connections, pendingCalls, queuedBytes, topicCount: topics };
		const lists = { topics: busiest(hub), slow: slowest(server.connections) };
		const uptimeMs = Math.round(clock.now() - begunMs);
		return { id: roster.id, state: server.readiness.state, uptimeMs, ...counts, ...lists };
	};
	return new Operations({
		roster,
		messenger,
		alone: backplane.recipe !== undefined,
		report,
		drain: () => void server.drain().catch((error: unknown) => onError('', error, null))
	});
}

function busiest(hub: Hub): TopicReport[] {
	return [...hub.topics]
		.filter(({ name }) => !isSystemTopic(name))
		.map(({ name, readers, head }) => ({ name, readers, offset: head.offset }))
		.toSorted((one, other) => other.readers - one.readers)
		.slice(0, MAX_LISTED);
}

function slowest(connections: Iterable<LiveConnection>): SlowReport[] {
	const slow: SlowReport[] = [];
	for (const { id, session, queuedBytes } of connections) {
		if (queuedBytes > 0) slow.push({ connection: id, user: userIdOf(session.user), queuedBytes });
	}
	return slow.toSorted((one, other) => other.queuedBytes - one.queuedBytes).slice(0, MAX_LISTED);
}
