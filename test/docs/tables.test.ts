// The tables of the guide against the code that they are about.
import { describe, expect, test } from 'vitest';
import { ERROR_CODES, type TidewireCode } from '../../src/base/errors.ts';
import { COUNTERS, GAUGES, HISTOGRAMS } from '../../src/metrics/instruments.ts';
import { MERGE_KINDS } from '../../src/base/merge.ts';
import { CLIENT_DEFAULTS } from '../../src/client/options.ts';
import { SUCCESSORS } from '../../src/client/status.ts';
import { DEFAULT_PATH } from '../../src/server/config.ts';
import { jsonLog } from '../../src/server/json-log.ts';
import { DEFAULT_DRAIN_MS } from '../../src/server/server.ts';
import { STEPS } from '../../scripts/lib/steps.ts';
import { readDocument, tableWith } from './markdown.ts';

describe('docs/errors.md', () => {
	const { rows } = tableWith(readDocument('docs/errors.md'), /Codes/, [
		'code',
		'retryable',
		'ends',
		'means',
		'what to do'
	]);

	test('has every code, in the order of the code', () => {
		expect(rows.map(({ code }) => code)).toEqual(Object.keys(ERROR_CODES));
	});

	test.each(rows)('says whether $code is retryable', ({ code, retryable }) => {
		expect(retryable).toBe(ERROR_CODES[code as TidewireCode].retryable ? 'yes' : 'no');
	});

	test('says of no code that it ends the connection, which has no close code', () => {
		for (const { code } of rows.filter(({ ends }) => ends === 'yes')) {
			expect(ERROR_CODES[code as TidewireCode]).toHaveProperty('closeCode');
		}
	});
});

describe('docs/client.md', () => {
	const document = readDocument('docs/client.md');

	test('has every option, with its default where that is a number', () => {
		const { rows } = tableWith(document, /Options/, ['option', 'default', '']);
		const numbers = Object.entries(CLIENT_DEFAULTS).filter(([, value]) => typeof value === 'number');
		expect(numbers.length).toBeGreaterThan(0);
		for (const [option, value] of numbers) {
			expect(rows.find((row) => row['option'] === option)?.['default']).toBe(String(value));
		}
		const named = rows.map((row) => row['option']).join();
		const hooks = [...readDocument('src/client/options.ts').matchAll(/^\t(on\w+|before\w+)\?:/gm)].map(
			([, name]) => name!
		);
		expect(hooks).toContain('onConnect');
		for (const option of [...Object.keys(CLIENT_DEFAULTS), ...hooks]) expect(named).toContain(option);
		expect(rows.find((row) => row['option'] === 'backoff')?.['default']).toBe(
			`{ firstMs: ${CLIENT_DEFAULTS.backoff.firstMs}, capMs: ${CLIENT_DEFAULTS.backoff.capMs} }`
		);
	});

	test('has every state of a connection', () => {
		const { rows } = tableWith(document, /connection stands/, ['state', 'means']);
		expect(rows.map(({ state }) => state)).toEqual(Object.keys(SUCCESSORS));
	});
});

describe('docs/live-modules.md', () => {
	const document = readDocument('docs/live-modules.md');

	test('has every kind of merge', () => {
		expect(tableWith(document, /Publishing/, ['merge', 'events']).rows.map(({ merge }) => merge)).toEqual([
			...MERGE_KINDS
		]);
	});

	test('has the defaults of the configuration', () => {
		const { rows } = tableWith(document, /configuration/, ['option', 'default', '']);
		const defaults = new Map(rows.map((row) => [row['option'], row['default']]));
		expect(defaults.get('path')).toBe(`'${DEFAULT_PATH}'`);
		expect(defaults.get('drainMs')).toBe(String(DEFAULT_DRAIN_MS));
	});
});

describe('docs/operations.md', () => {
	const document = readDocument('docs/operations.md');

	test('has every metric, with its kind and its labels', () => {
		const { rows } = tableWith(document, /Metrics/, ['metric', 'kind', 'labels', '']);
		const facts = Object.entries({ gauge: GAUGES, counter: COUNTERS, histogram: HISTOGRAMS }).flatMap(
			([kind, table]) =>
				Object.entries(table).map(([metric, { labels }]) => `${metric} ${kind} ${labels.join(', ')}`)
		);
		const told = rows.map((row) => `${row['metric']} ${row['kind']} ${row['labels']?.replaceAll('`', '')}`);
		expect(told.toSorted()).toEqual(facts.toSorted());
	});

	test('has every field of a line of the log, in order', () => {
		const lines: string[] = [];
		jsonLog({ write: (line) => lines.push(line) })('', new Error('x'), null);
		const { rows } = tableWith(document, /Logs/, ['field', '']);
		expect(rows.map(({ field }) => field)).toEqual(Object.keys(JSON.parse(lines[0]!) as object));
	});
});

describe('CONTRIBUTING.md', () => {
	test('has every step of npm test, in order', () => {
		const { rows } = tableWith(readDocument('CONTRIBUTING.md'), /Commands/, ['step of `npm test`', 'checks']);
		expect(rows.map((row) => row['step of `npm test`'])).toEqual(STEPS.map(({ name }) => name));
	});
});
