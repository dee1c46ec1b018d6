// Topics of tidewire itself. No topic of an application begins with `%`: `encodeTopic` writes it as `%25`.

import { encodeTopic, type TopicName, type TopicPart } from '../../protocol/topic.ts';

export const systemTopic = (...parts: TopicPart[]): TopicName => `%${encodeTopic(parts)}` as TopicName;
