import { describe, expect, it, test } from 'vitest';
import { HELP, readCommand } from './arguments.ts';

const read = (line: string) => readCommand(line.split(' ').filter(Boolean), 4);

describe('serve', () => {
	it('serves "build" with a worker per core', () => {
		expect(read('serve')).toEqual({ kind: 'serve', path: 'build', workers: 4 });
	});

	it.each(['serve --workers 2 out', 'serve out --workers=2', 'serve -w 2 out'])(
		'takes a path and a number: %s',
		(line) => {
			expect(read(line)).toEqual({ kind: 'serve', path: 'out', workers: 2 });
		}
	);

	it.each(['0', '-1', '1.5', 'many', '1000'])('takes no %s workers', (workers) => {
		expect(readCommand(['serve', `--workers=${workers}`], 4)).toEqual({
			kind: 'mistake',
			message: `--workers takes a number from 1 to 999, not "${workers}"`
		});
	});
});

test.each([
	['serve one two', 'serve takes one path, and was given 2'],
	['sevre', 'there is no command "sevre"'],
	['serve --port 80', "Unknown option '--port'"]
])('%s is a mistake', (line, message) => {
	expect(read(line)).toMatchObject({ kind: 'mistake', message: expect.stringContaining(message) as string });
});

test('nothing, or a question for help, is answered with help', () => {
	expect(['', '--help', 'serve -h'].map((line) => read(line).kind)).toEqual(['help', 'help', 'help']);
	expect(HELP).toContain('tidewire serve [PATH] [--workers N]');
});

test('--version asks for the version', () => {
	expect(read('--version')).toEqual({ kind: 'version' });
});

describe('SQL for PostgreSQL', () => {
	it('is printed for the schema, whole or from a step on', () => {
		expect(read('postgres:schema')).toEqual({ kind: 'sql', what: { name: 'schema', from: 0 }, schema: 'tidewire' });
		expect(read('postgres:schema --schema live --from 1')).toEqual({
			kind: 'sql',
			what: { name: 'schema', from: 1 },
			schema: 'live'
		});
	});

	it('is printed for the trigger of a table', () => {
		expect(read('postgres:trigger sales.invoice')).toEqual({
			kind: 'sql',
			what: { name: 'trigger', table: 'sales.invoice' },
			schema: 'tidewire'
		});
	});

	it.each(['postgres:trigger', 'postgres:trigger a b', 'postgres:schema a', 'postgres:schema --from x'])(
		'%s is a mistake',
		(line) => expect(read(line).kind).toBe('mistake')
	);
});
