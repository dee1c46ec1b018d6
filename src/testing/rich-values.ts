// Random values of every kind that may travel, for tests.

import * as fc from 'fast-check';
import { FORBIDDEN_KEYS } from '../protocol/limits.ts';

const key = fc.string().filter((name) => !FORBIDDEN_KEYS.has(name));
const typedArray = fc.oneof(
	fc.int8Array(),
	fc.uint8Array(),
	fc.uint8ClampedArray(),
	fc.int16Array(),
	fc.uint16Array(),
	fc.int32Array(),
	fc.uint32Array(),
	fc.float32Array(),
	fc.float64Array(),
	fc.bigInt64Array(),
	fc.bigUint64Array()
);
const leaf = fc.oneof(
	fc.string(),
	fc.string({ unit: 'binary' }),
	fc.double(),
	fc.integer(),
	fc.boolean(),
	fc.constantFrom(null, undefined, -0, NaN, Infinity, -Infinity),
	fc.bigInt(),
	fc.date({ noInvalidDate: false }),
	fc.webUrl().map((url) => new URL(url)),
	typedArray
);
/** Values of every kind that travels, nested. */
export const { rich } = fc.letrec((tie) => ({
	rich: fc.oneof(
		{ depthSize: 'small', withCrossShrink: true },
		leaf,
		fc.array(tie('rich')),
		fc.dictionary(key, tie('rich')),
		fc.dictionary(key, tie('rich'), { noNullPrototype: false }),
		fc.array(fc.tuple(tie('rich'), tie('rich'))).map((entries) => new Map(entries)),
		fc.array(tie('rich')).map((members) => new Set(members))
	)
}));
