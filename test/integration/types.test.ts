import { join } from 'node:path';
import { expect, test } from 'vitest';
import { root } from '../../scripts/lib/run.ts';
import { Fixture, type FixtureName } from '../support/fixture.ts';

const bin = (path: string): string => join(root, 'node_modules', path);

test.each<FixtureName>(['kit3', 'kit2'])(
	'%s sees the types of live modules, by every way to import them',
	async (name) => {
		await using fixture = new Fixture(name, { env: { ASYNC: '1' } });
		const sync = await fixture.run([fixture.bin('@sveltejs/kit', 'svelte-kit.js'), 'sync']);
		expect(sync.code, sync.output).toBe(0);
		const checked = await fixture.run([
			bin('svelte-check/bin/svelte-check'),
			'--tsconfig',
			'./tsconfig.json',
			'--output',
			'human'
		]);
		expect(checked.code, checked.output).toBe(0);
	}
);
