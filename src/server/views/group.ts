// What a group of streams shares that see the same view of a topic. Invariant: what a function made after it had looked at
// more of the caller than the group has in common is sent to nobody; the group ends, and its streams join finer ones.

import type { Clock } from '../../base/clock.ts';
import type { LiveContext } from '../context.ts';
import type { StreamDefinition } from '../definition.ts';
import type { HubTopic, TopicParts } from '../hub-topic.ts';
import { Stages } from './stages.ts';
import type { Stage, View } from './view.ts';

/** What the functions of a view are run with. */
export interface ViewRun {
	readonly path: string;
	readonly definition: StreamDefinition & { readonly view: View };
	/** As they see it. */
	readonly context: LiveContext;
	readonly clock: Clock;
	readonly limits: { readonly viewRows: number; readonly callTimeoutMs: number };
	readonly onError: (error: unknown) => void;
}

export interface GroupOptions {
	readonly run: ViewRun;
	readonly topic: HubTopic;
	readonly topics: TopicParts;
	readonly args: readonly unknown[];
	/** As loads for the whole group see it. */
	readonly loadContext: LiveContext;
	/** Names its events, and those of no other group on any process at any time. */
	readonly epoch: string;
	/** The view cannot go on: its streams are told why. */
	readonly onFailed: (error: unknown) => void;
}

export function stagesOf(stages: readonly Stage[], run: ViewRun): Stages {
	const { definition, limits, context, clock, onError } = run;
	return new Stages(stages, {
		context,
		clock,
		key: definition.merge.kind === 'set' ? '' : definition.merge.key,
		timeoutMs: limits.callTimeoutMs,
		maxRemembered: limits.viewRows,
		onError
	});
}
