import { describe, expect, test } from 'vitest';
import { ERROR_CODES, LiveError } from './errors.ts';

describe('a LiveError', () => {
	test.each(Object.entries(ERROR_CODES))(
		'with the code %s is retryable where the table says so',
		(code, { retryable }) => {
			expect(new LiveError(code).retryable).toBe(retryable);
		}
	);

	test('with a code of the application is not retryable', () => {
		expect(new LiveError('OUT_OF_STOCK').retryable).toBe(false);
		expect(new LiveError('toString').retryable).toBe(false);
	});
});
