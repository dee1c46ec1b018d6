// Runs one project of vitest.config.ts and reads its counts from the JSON reporter.
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { stripVTControlCharacters } from 'node:util';
import type { Outcome } from './outcome.ts';
import { check } from './outcome.ts';
import { root, run } from './run.ts';

/** The part of vitest's JSON report that is read here. */
interface Report {
	numPassedTests: number;
	numFailedTests: number;
	numPendingTests: number;
	numTodoTests: number;
	testResults: { name: string; status: string; message: string; assertionResults: TestReport[] }[];
}

interface TestReport {
	status: string;
	fullName: string;
	failureMessages: string[] | null;
}

/** As many lines of a failure's message are repeated at the end of all tests. */
const MESSAGE_LINES = 12;

/** Runs the tests of a project. A run that ends badly without a failed test (no tests, a stray error) counts one. */
export async function vitest(projects: string[], env: Record<string, string> = {}): Promise<Outcome> {
	const folder = mkdtempSync(join(tmpdir(), 'tidewire-vitest-'));
	const file = join(folder, 'report.json');
	try {
		const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${file}`];
		const code = await run('vitest', ['run', ...projects.map((name) => `--project=${name}`), ...reporters], {
			env
		});
		if (!existsSync(file)) return check(false);
		const outcome = count(JSON.parse(readFileSync(file, 'utf8')) as Report);
		if (code === 0 || outcome.failed > 0) return outcome;
		const failures = [`vitest ended with ${code} and no failed test: its output says why, as an unhandled error`];
		return { ...outcome, failed: 1, failures };
	} finally {
		rmSync(folder, { recursive: true, force: true });
	}
}

function count(report: Report): Outcome {
	// A file that could not be loaded has no test to blame: it counts as one.
	const broken = report.testResults.filter(
		(file) => file.status === 'failed' && !file.assertionResults.some(({ status }) => status === 'failed')
	);
	return {
		passed: report.numPassedTests,
		failed: report.numFailedTests + broken.length,
		skipped: report.numPendingTests + report.numTodoTests,
		failures: [
			...broken.map(({ name, message }) => failure(name, '', message)),
			...report.testResults.flatMap(({ name, assertionResults }) => failuresIn(name, assertionResults))
		]
	};
}

function failuresIn(file: string, tests: TestReport[]): string[] {
	return tests
		.filter(({ status }) => status === 'failed')
		.map((test) => failure(file, test.fullName, (test.failureMessages ?? []).join('\n')));
}

function failure(file: string, test: string, message: string): string {
	const told = stripVTControlCharacters(message).split('\n');
	const lines = told.filter((line) => !line.includes('node_modules/vitest')).slice(0, MESSAGE_LINES);
	return [`${relative(root, file)} ${test}`.trimEnd(), ...lines.map((line) => `  ${line}`)].join('\n');
}
