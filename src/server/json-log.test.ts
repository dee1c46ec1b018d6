import { describe, expect, it } from 'vitest';
import { startServer } from '../../test/support/server-harness.ts';
import { LiveError } from '../base/errors.ts';
import { jsonLog, type LogLine } from './json-log.ts';
import { live } from '../live/live.ts';

const clock = { wallTime: () => Date.UTC(2026, 0, 2, 3, 4, 5) };

/** What is written of an error. */
function written(error: unknown): LogLine {
	const lines: string[] = [];
	jsonLog({ write: (line) => lines.push(line), clock })('', error, null);
	expect(lines).toHaveLength(1);
	expect(lines[0]).not.toContain('\n');
	return JSON.parse(lines[0]!) as LogLine;
}

describe('a log of lines', () => {
	it('says when, where, for whom and what, and nothing that the client sent', async () => {
		const lines: string[] = [];
		const onError = jsonLog({ write: (line) => lines.push(line), clock });
		const broken = live((_ctx, _card: string) => {
			throw Object.assign(new Error('no such table'), { query: 'of ada' });
		});
		const { connect } = await startServer({ m: { broken } }, { onError, randomName: () => 'c1' });
		await (await connect()).call('m/broken', 'card number');
		expect(lines.map((line) => JSON.parse(line) as LogLine)).toMatchObject([
			{
				time: '2026-01-02T03:04:05.000Z',
				level: 'error',
				code: 'INTERNAL',
				path: 'm/broken',
				connection: 'c1',
				message: 'no such table',
				stack: expect.stringContaining('json-log.test.ts') as string
			}
		]);
		expect(lines[0]).not.toMatch(/card number|of ada/);
	});

	it('has the stacks of causes, and knows what may pass by itself', () => {
		const cause = new Error('connection refused');
		const line = written(new LiveError('UNAVAILABLE', 'no log', { cause }));
		expect(line).toMatchObject({ level: 'warn', code: 'UNAVAILABLE', path: null, connection: null });
		expect(line.stack).toContain('caused by Error: connection refused');
	});

	it.each([
		'redis://admin:hunter2@10.0.0.7:6379 refused',
		'Authorization: Bearer hunter2',
		'cookie: theme=dark; session=hunter2',
		'{"password":"hunter2","user":"ada"}',
		'?api_key=hunter2&page=2',
		'token eyJhbGciOi.hunter2.c2ln'
	])('leaves the secret out of: %s', (message) => {
		const { message: told, stack } = written(new Error(message));
		expect(told).not.toContain('hunter2');
		expect(stack).not.toContain('hunter2');
	});

	it('writes nothing of what was thrown and is no error', () => {
		expect(written({ password: 'hunter2' })).toMatchObject({
			message: 'something of type object was thrown',
			stack: null
		});
	});
});
