import { describe, expect, it } from 'vitest';
import type { AppendedHead, Incarnation, Seen } from './log.ts';
import { Witness } from './witness.ts';

/** A database that says in turn which incarnation it is in, and what it was asked. */
function database(...incarnations: Incarnation[]): { witness: Witness; asked: Seen[] } {
	const asked: Seen[] = [];
	const join = async (seen: Seen): Promise<Incarnation> => {
		asked.push(seen);
		const present = incarnations.shift();
		if (present === undefined) throw new Error('it is away');
		return present;
	};
	return { witness: new Witness({ join, places: () => [{ id: 1, offset: 7 }] }), asked };
}

const stored = (incarnation: string, wal: number): AppendedHead => ({ id: 1, offset: 1, incarnation, due: false, wal });

describe('a witness', () => {
	it('tells the database what was seen in the last incarnation, and nothing where there was none', async () => {
		const { witness, asked } = database({ name: 'a', lineage: 'x' }, { name: 'b', lineage: 'x' });
		expect(await witness.join()).toBe('a');
		expect(await witness.join()).toBe('b');
		expect(asked.map(({ name, lineage }) => [name, lineage])).toEqual([
			['', ''],
			['a', 'x']
		]);
		expect(asked[1]?.places).toEqual([{ id: 1, offset: 7 }]);
	});

	it('remembers how far the disk was written by what was acknowledged, in whichever order the answers came', async () => {
		const { witness, asked } = database({ name: 'a', lineage: 'x' }, { name: 'b', lineage: 'x' });
		await witness.join();
		for (const wal of [100, 300, 200]) witness.stored(stored('a', wal));
		witness.stored(stored('b', 900)); // of a server that came back, which it has not looked at
		await witness.join();
		expect(asked[1]?.wal).toBe(300);
	});

	it('keeps that while it stays with an incarnation, and forgets it with the next one', async () => {
		const incarnations = ['a', 'a', 'b', 'c'].map((name) => ({ name, lineage: 'x' }));
		const { witness, asked } = database(...incarnations);
		await witness.join();
		witness.stored(stored('a', 300));
		for (let round = 0; round < 3; round++) await witness.join();
		expect(asked.map(({ wal }) => wal)).toEqual([0, 300, 300, 0]);
	});

	it('knows what it knew where the database could not be asked', async () => {
		const { witness, asked } = database({ name: 'a', lineage: 'x' });
		await witness.join();
		for (let round = 0; round < 2; round++) await expect(witness.join()).rejects.toThrow(/away/);
		expect(asked[2]?.name).toBe('a');
	});
});
