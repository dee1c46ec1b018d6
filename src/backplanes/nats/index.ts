// `tidewire/nats`

export { nats, type NatsBackplane } from './nats.ts';
export type { NatsOptions } from './options.ts';
