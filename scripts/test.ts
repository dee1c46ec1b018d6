// `npm test`: every check of the project, one after another. `npm test -- unit lint` runs only the named steps.
// The last line is `N passed, N failed` (and `, N skipped`): tests by their number, other checks as one each.
import type { Outcome } from './lib/outcome.ts';
import { describe, sum } from './lib/outcome.ts';
import type { Step } from './lib/steps.ts';
import { runStep, STEPS } from './lib/steps.ts';

const names = process.argv.slice(2);
const unknown = names.filter((name) => !STEPS.some((step) => step.name === name));
if (unknown.length > 0) {
	console.error(`There is no step ${unknown.join(', ')}. Steps: ${STEPS.map(({ name }) => name).join(' ')}`);
	process.exit(2);
}

const outcomes: [Step, Outcome, number][] = [];
for (const step of STEPS.filter(({ name }) => names.length === 0 || names.includes(name))) {
	console.log(`\n━━ ${step.name}: ${step.title}`);
	const started = performance.now();
	outcomes.push([step, await runStep(step), performance.now() - started]);
}

const total = sum(outcomes.map(([, outcome]) => outcome));
if (total.failures?.length) console.log(`\n━━ Failures\n${total.failures.join('\n\n')}`);

console.log('\n━━ Summary');
for (const [step, outcome, milliseconds] of outcomes) {
	const mark = outcome.failed > 0 ? '✗' : '✓';
	console.log(`${mark} ${step.name.padEnd(10)} ${describe(outcome)} (${(milliseconds / 1000).toFixed(1)} s)`);
}

if (total.failed > 0) process.exitCode = 1;
console.log(`\n${describe(total)}`);
