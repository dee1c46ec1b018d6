// The NATS backplane of a process, for `backplane-process.ts`.
import { nats } from '../../src/backplanes/nats/nats.ts';
import type { NatsOptions } from '../../src/backplanes/nats/options.ts';
import type { Backplane } from '../../src/server/backplane.ts';

export interface NatsProcessSettings extends NatsOptions {
	url: string;
}

export const create = ({ url, ...options }: NatsProcessSettings): Backplane => nats(url, options);
