// Runs one project of vitest.config.ts and reads its counts from the JSON reporter.
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Outcome } from './outcome.ts';
import { check } from './outcome.ts';
import { run } from './run.ts';

/** The part of vitest's JSON report that is read here. */
interface Report {
	numPassedTests: number;
	numFailedTests: number;
	numPendingTests: number;
	numTodoTests: number;
	testResults: { status: string; assertionResults: { status: string }[] }[];
}

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
		return code !== 0 && outcome.failed === 0 ? { ...outcome, failed: 1 } : outcome;
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
		skipped: report.numPendingTests + report.numTodoTests
	};
}
