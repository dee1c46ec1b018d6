// The steps of `npm test`, in order: quick and telling ones first.
import { ensureBuilt, build } from './build.ts';
import { findOrInstallChromium } from './chromium.ts';
import { buildExamples, checkComponents, syncExamples } from './examples.ts';
import { isGraphCurrent } from './graph.ts';
import type { Outcome } from './outcome.ts';
import { check, skip, sum } from './outcome.ts';
import { checkPackage } from './package-checks.ts';
import { run } from './run.ts';
import { findOrInstallServices } from './services.ts';
import { checkSizes } from './sizes.ts';
import { startAndStop } from './smoke.ts';
import { checkTypes } from './types.ts';
import { vitest } from './vitest.ts';

export interface Step {
	/** What `npm test -- NAME` selects. */
	name: string;
	title: string;
	/** Reads dist, which is built first when it is missing or old. */
	needsBuild?: boolean;
	run: () => Promise<Outcome>;
}

const command =
	(program: string, ...args: string[]) =>
	async () =>
		check((await run(program, args)) === 0);

export const STEPS: Step[] = [
	{ name: 'format', title: 'Format (oxfmt)', run: command('oxfmt', '--check', '.') },
	{
		name: 'layers',
		title: 'Layers (dependency-cruiser)',
		run: command('depcruise', '--config', '.dependency-cruiser.mjs', 'src')
	},
	{ name: 'graph', title: 'The graph in ARCHITECTURE.md is current', run: checkGraph },
	{ name: 'build', title: 'Build (tsc)', run: async () => check(await build()) },
	{ name: 'lint', title: 'Lint (oxlint, with types)', needsBuild: true, run: lint },
	{ name: 'types', title: 'Types and type tests (tsc)', needsBuild: true, run: checkTypes },
	{
		name: 'svelte',
		title: 'Components of the package and the examples (svelte-check)',
		needsBuild: true,
		run: checkComponents
	},
	{ name: 'unit', title: 'Unit tests (vitest)', run: () => vitest(['unit', 'svelte']) },
	{
		name: 'counts',
		title: 'What calls and publishes cost, counted on real sockets (vitest)',
		run: () => vitest(['counts'])
	},
	{ name: 'hardening', title: 'Hostile and slow peers on real sockets (vitest)', run: () => vitest(['hardening']) },
	{ name: 'backplanes', title: 'Backplanes on real servers (vitest)', run: () => onServices('backplanes') },
	{
		name: 'torture',
		title: 'Random histories of real processes on real servers (vitest)',
		run: () => onServices('torture')
	},
	{ name: 'simulator', title: 'Simulated histories (vitest)', run: () => vitest(['simulator']) },
	{ name: 'unused', title: 'Unused files, exports and dependencies (knip)', needsBuild: true, run: command('knip') },
	{ name: 'package', title: 'The package as published', needsBuild: true, run: checkPackage },
	{ name: 'sizes', title: 'Size budgets', needsBuild: true, run: checkSizes },
	{ name: 'start', title: 'npm start, one page, SIGTERM', run: startAndStop },
	{
		name: 'integration',
		title: 'Apps in development, preview and production, with SvelteKit 2 and 3 (vitest)',
		needsBuild: true,
		run: () => vitest(['integration'])
	},
	{ name: 'e2e', title: 'End-to-end tests in Chromium (vitest)', needsBuild: true, run: endToEnd }
];

/** Runs one step; an exception in it is a failure of that step, not of the run. */
export async function runStep(step: Step): Promise<Outcome> {
	try {
		if (step.needsBuild && !(await ensureBuilt())) throw new Error('src does not compile');
		return await step.run();
	} catch (error) {
		console.error(error instanceof Error ? error.message : error);
		return check(false);
	}
}

async function checkGraph(): Promise<Outcome> {
	const current = await isGraphCurrent();
	if (!current) console.log('ARCHITECTURE.md shows another graph than the imports make: run `npm run graph`');
	return check(current);
}

async function lint(): Promise<Outcome> {
	const synced = await syncExamples();
	return check((await run('oxlint', [])) === 0 && synced);
}

async function onServices(project: string): Promise<Outcome> {
	const { env, missing } = await findOrInstallServices();
	const skipped = missing.map((reason) => skip(`the ${project} of a service, because ${reason}`));
	return sum([...skipped, await vitest([project], env)]);
}

async function endToEnd(): Promise<Outcome> {
	const chromium = await findOrInstallChromium();
	if ('missing' in chromium) return skip(`the end-to-end tests, because ${chromium.missing}`);
	const { env } = await findOrInstallServices();
	return sum([await buildExamples(), await vitest(['e2e', 'e2e-timed'], { ...env, CHROMIUM_PATH: chromium.path })]);
}
