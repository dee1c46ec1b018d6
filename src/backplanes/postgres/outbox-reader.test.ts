import { expect, it } from 'vitest';
import { turns } from '../../../test/support/turns.ts';
import type { PostgresClient } from './client.ts';
import { OutboxReader } from './outbox-reader.ts';

it.each([0, 1, 2, 3, 4, 5])('looks again for who asks %d turns after a look has ended', async (count) => {
	const looks: PromiseWithResolvers<number>[] = [];
	const transaction = () => (looks.push(Promise.withResolvers()), looks.at(-1)!.promise);
	const reader = new OutboxReader({ transaction } as unknown as PostgresClient, 'tidewire', () => []);
	const first = reader.read();
	looks[0]!.resolve(0);
	await turns(count);
	const second = reader.read();
	await turns(10);
	expect(looks).toHaveLength(2);
	looks[1]!.resolve(0);
	await Promise.all([first, second]);
});
