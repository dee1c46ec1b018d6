// Arguments against their schemas: any library that implements Standard Schema.

import type { StandardSchemaV1 } from '@standard-schema/spec';
import { LiveError, type Issue } from '../base/errors.ts';
import { isPromise, type MaybePromise } from '../base/maybe-promise.ts';

/** A Standard Schema, for those who cannot import the package of its types. */
export type Schema<Input, Output> = StandardSchemaV1<Input, Output>;

/**
 * Validates each argument by its schema; further arguments are refused.
 * @returns the values that the schemas produced
 * @throws {LiveError} VALIDATION, with an issue for everything that is wrong
 */
export function validateArgs(schemas: readonly StandardSchemaV1[], args: readonly unknown[]): MaybePromise<unknown[]> {
	if (args.length > schemas.length) {
		throw new LiveError('VALIDATION', `expected at most ${schemas.length} arguments and got ${args.length}`);
	}
	const results = schemas.map((schema, index) => schema['~standard'].validate(args[index]));
	if (results.some(isPromise)) return Promise.all(results as Promise<SyncResult>[]).then(collect);
	return collect(results as SyncResult[]);
}

type SyncResult = StandardSchemaV1.Result<unknown>;

function collect(results: readonly SyncResult[]): unknown[] {
	const issues = results.flatMap((result, index) => issuesOf(result, results.length > 1 ? [index] : []));
	const [first] = issues;
	if (first) throw new LiveError('VALIDATION', first.message, { issues });
	return results.map((result) => (result as StandardSchemaV1.SuccessResult<unknown>).value);
}

function issuesOf(result: SyncResult, prefix: (string | number)[]): Issue[] {
	return (result.issues ?? []).map((issue) => ({
		message: issue.message,
		path: [...prefix, ...(issue.path ?? []).map(segmentKey)]
	}));
}

function segmentKey(segment: PropertyKey | StandardSchemaV1.PathSegment): string | number {
	const key = typeof segment === 'object' ? segment.key : segment;
	return typeof key === 'number' ? key : String(key);
}
