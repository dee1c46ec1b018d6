// What a service is not told of, because the log does not have it any more.

import type { Position } from '../../protocol/position.ts';
import type { ResetReason } from '../../protocol/stream.ts';
import type { TopicName } from '../../protocol/topic.ts';

const REASONS = {
	evicted: 'the log keeps only so many events, and has forgotten what follows',
	epoch: 'another log has taken the place of the one that had them'
} as const satisfies Partial<Record<ResetReason, string>>;

/** Events that a service has not seen and cannot see any more. It goes on with those that follow. */
export class LostEvents extends Error {
	override readonly name = 'LostEvents';
	readonly topic: TopicName;
	/** The last one that it has seen. */
	readonly after: Position;

	constructor(topic: TopicName, after: Position, reason: keyof typeof REASONS) {
		super(`events of "${topic}" behind ${after.epoch}:${after.offset} are lost: ${REASONS[reason]}`);
		this.topic = topic;
		this.after = after;
	}
}
