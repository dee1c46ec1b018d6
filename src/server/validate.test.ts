import type { StandardSchemaV1 } from '@standard-schema/spec';
import * as v from 'valibot';
import { describe, expect, it } from 'vitest';
import { LiveError } from '../base/errors.ts';
import { validateArgs } from './validate.ts';

const board = v.object({ id: v.string(), size: v.optional(v.number(), 3) });
const slow: StandardSchemaV1<unknown, string> = {
	'~standard': {
		version: 1,
		vendor: 'test',
		validate: async (value) =>
			typeof value === 'string'
				? { value: `${value}!` }
				: { issues: [{ message: 'no text', path: [{ key: 'deep' }, 0] }] }
	}
};

const refusalOf = async (run: () => unknown): Promise<LiveError> => {
	try {
		await run();
	} catch (error) {
		if (error instanceof LiveError) return error;
		throw error;
	}
	return expect.fail('nothing was refused');
};

describe('arguments with schemas', () => {
	it('become what the schemas make of them, at once where all are synchronous', () => {
		expect(validateArgs([board, v.number()], [{ id: 'b', more: true }, 5])).toEqual([{ id: 'b', size: 3 }, 5]);
	});

	it('may be validated asynchronously', async () => {
		expect(await validateArgs([slow, v.number()], ['a', 5])).toEqual(['a!', 5]);
	});

	it('may be left out where the schema allows it', () => {
		expect(validateArgs([v.string(), v.optional(v.string())], ['a'])).toEqual(['a', undefined]);
	});

	it('are refused with every issue and where it is', async () => {
		const error = await refusalOf(() => validateArgs([board], [{ id: 5, size: 'x' }]));
		expect(error.code).toBe('VALIDATION');
		expect(error.issues).toEqual([
			{ message: expect.any(String) as string, path: ['id'] },
			{ message: expect.any(String) as string, path: ['size'] }
		]);
		expect(error.message).toBe(error.issues?.[0]?.message);
	});

	it('are refused with the number of the argument where there are several', async () => {
		const error = await refusalOf(() => validateArgs([slow, board], [5, { id: 5 }]));
		expect(error.issues?.map(({ path }) => path)).toEqual([
			[0, 'deep', 0],
			[1, 'id']
		]);
	});

	it('are refused where there are more than schemas', async () => {
		expect((await refusalOf(() => validateArgs([v.string()], ['a', 'b']))).code).toBe('VALIDATION');
		expect((await refusalOf(() => validateArgs([], ['a']))).code).toBe('VALIDATION');
	});

	it('are refused where a needed one is missing', async () => {
		expect((await refusalOf(() => validateArgs([v.string()], []))).code).toBe('VALIDATION');
	});
});
