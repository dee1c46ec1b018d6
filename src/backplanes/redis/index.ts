// `tidewire/redis`

export { redis, type RedisBackplane } from './redis.ts';
export type { RedisOptions } from './options.ts';
export type { RedisClient } from './client.ts';
