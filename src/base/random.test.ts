import { expect, it } from 'vitest';
import { randomName } from './random.ts';

it('random names are 12 characters that need no escaping, and never the same', () => {
	const names = Array.from({ length: 1_000 }, randomName);
	expect(new Set(names).size).toBe(1_000);
	for (const name of names) expect(name).toMatch(/^[\w-]{12}$/);
});
