// Topics of tidewire itself. No topic of an application begins with `%`: `encodeTopic` writes it as `%25`.

import { encodeTopic, type TopicName, type TopicPart } from '../../protocol/topic.ts';

const MARK = '%'.charCodeAt(0);

export const isSystemTopic = (topic: TopicName): boolean => topic.charCodeAt(0) === MARK;

export const systemTopic = (...parts: TopicPart[]): TopicName => `%${encodeTopic(parts)}` as TopicName;
