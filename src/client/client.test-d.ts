import { expectTypeOf } from 'vitest';
import type { LiveError } from '../base/errors.ts';
import type { Client } from './client.ts';

declare const client: Client;
declare const name: () => Promise<string>;
declare const count: () => Promise<number>;

// A batch resolves to what its promises resolve to, each in its place, or to a list where it is given a list.
expectTypeOf(client.batch(() => [name(), count(), 'plain'])).resolves.toEqualTypeOf<[string, number, 'plain']>();
expectTypeOf(client.batch(() => [1, 2].map(() => count()))).resolves.toEqualTypeOf<number[]>();
expectTypeOf(client.batch(() => [name()], { sequential: true })).resolves.toEqualTypeOf<[string]>();

// A mutation resolves to what its call resolves to.
expectTypeOf(client.stream('a/b', []).mutate('created', {}, count)).resolves.toEqualTypeOf<number>();

// What a stream and a connection tell of an error is an error with a code.
expectTypeOf(client.status.error).toEqualTypeOf<LiveError | undefined>();
expectTypeOf(client.stream('a/b', []).state.error).toEqualTypeOf<LiveError | undefined>();

// @ts-expect-error a misspelt option
client.configure({ conectTimeoutMs: 1 });
