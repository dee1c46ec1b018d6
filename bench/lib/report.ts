// RESULTS.md: one table of CPU time, one of rates, one of what else was looked at, and how the targets stand.

import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { cpus, loadavg, release, totalmem, type } from 'node:os';
import { CASES, type Case } from '../cases.ts';
import type { Server } from '../servers.ts';
import { TARGETS, type Target } from '../targets.ts';
import { isPinned } from './processes.ts';
import { cpuMicros, FAULTS, perSecond, type Results } from './results.ts';

const OURS = 'tidewire';

export interface Report {
	results: Results;
	servers: readonly Server[];
	/** Peers that this machine cannot run, and why. */
	missing: readonly string[];
	command: string;
	seconds: number;
}

export function report(run: Report): string {
	const names = run.servers.map(({ name }) => name);
	const measured = CASES.filter(({ name }) => names.some((server) => run.results.rounds(name, server) > 0));
	const { failures } = run.results;
	return [
		...heading(run),
		...section('Targets', '', [
			['target', OURS, 'compared with', 'ratio', ''],
			...TARGETS.filter(({ server = OURS }) => names.includes(server)).map((target) =>
				standing(target, run.results)
			)
		]),
		...serverSections(measured, names, run.results),
		...clientSection(measured, run.results),
		...section(
			'Faults',
			'Events or answers lost, repeated or out of order, and connections that ended by themselves, in all rounds.',
			[
				['server', ...FAULTS],
				...names.map((name) => [name, ...FAULTS.map((fault) => String(run.results.faultsOf(name)[fault]))])
			]
		),
		...(failures.length > 0 ? ['## Not measured', '', ...failures.map((line) => `- ${line}`), ''] : [])
	].join('\n');
}

function heading({ servers, missing, command, seconds }: Report): string[] {
	return [
		'# Results of the benchmark',
		'',
		`Written by \`${command}\` in ${Math.round(seconds)} s. Medians over all rounds; servers take turns within each case.`,
		'[README.md](README.md) says what each case does.',
		'',
		...machine(servers),
		...missing.map((line) => `- ${line}`),
		''
	];
}

function serverSections(measured: readonly Case[], names: readonly string[], results: Results): string[] {
	const compared = measured.filter(({ kind }) => kind !== 'merge');
	return [
		...section(
			'CPU time of the server, µs per operation',
			'An operation is a call, a delivery, a connection or a load; in brackets, times tidewire.',
			[
				['case', ...names],
				...compared.map((each) => [each.title, ...names.map((name) => cpuCell(each, name, results))])
			]
		),
		...section(
			'Operations per second',
			'Of one server core and one client core together, whichever is the slower: CPU time says more.',
			[
				['case', ...names],
				...compared.map((each) => [each.title, ...names.map((name) => rateCell(each, name, results))])
			]
		),
		...section('Latency, memory and the like', '', [
			['case', 'figure', ...names],
			...compared.flatMap((each) => figureRows(each, names, results))
		])
	];
}

function clientSection(measured: readonly Case[], results: Results): string[] {
	const rows = measured.filter(({ kind }) => kind === 'merge');
	return section('The client: µs to decode, merge and read one event', '', [
		['case', OURS],
		...rows.map(({ title, name }) => [title, number(results.median(name, OURS, cpuMicros))])
	]);
}

function section(title: string, text: string, [head = [], ...rows]: readonly (readonly string[])[]): string[] {
	return [`## ${title}`, '', ...(text === '' ? [] : [text, '']), ...table(head, rows), ''];
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string[] {
	const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;
	return [line(head), line(head.map((_, index) => (index === 0 ? '---' : '---:'))), ...rows.map(line)];
}

function machine(servers: readonly Server[]): string[] {
	const [cpu] = cpus();
	const packages = [...new Set(servers.flatMap((server) => server.packages))].filter((name) => name !== OURS);
	return [
		`- ${cpu?.model ?? 'unknown processor'}, ${cpus().length} cores, ${Math.round(totalmem() / 2 ** 30)} GB, ` +
			`${type()} ${release().split('-')[0] ?? ''}, loopback only`,
		isPinned
			? '- The server runs on core 0, the load client on core 1.'
			: '- Processes are not pinned to cores: this machine has no `taskset`, or one core.',
		`- Load average at the end: ${loadavg()[0]?.toFixed(1) ?? '?'}. Above 2, other work shared the cores: compare ratios only.`,
		`- Node ${process.versions.node}; ${packages.map((name) => `${name} ${versionOf(name)}`).join(', ')}`
	];
}

function versionOf(name: string): string {
	for (const from of ['../', '../uws/']) {
		const folders = createRequire(new URL(from, import.meta.url)).resolve.paths(name) ?? [];
		for (const folder of folders) {
			try {
				return (JSON.parse(readFileSync(`${folder}/${name}/package.json`, 'utf8')) as { version: string })
					.version;
			} catch {
				continue; // in another folder, then
			}
		}
	}
	return '?';
}

function standing(target: Target, results: Results): string[] {
	const { title, caseName, figure, against, most, server = OURS } = target;
	const ours = results.median(caseName, server, figure);
	const other =
		'value' in against
			? against.value
			: 'server' in against
				? results.median(caseName, against.server, figure)
				: results.median(against.caseName, OURS, figure);
	if (ours === null || other === null) return [title, number(ours), number(other), '–', 'not measured'];
	const ratio = ours / other;
	return [
		title,
		number(ours),
		number(other),
		ratio.toFixed(2),
		ratio <= most ? 'met' : `missed by ${(ratio / most).toFixed(2)} ×`
	];
}

function cpuCell({ name }: Case, server: string, results: Results): string {
	const ours = results.median(name, OURS, cpuMicros);
	const value = results.median(name, server, cpuMicros);
	if (value === null || ours === null || server === OURS) return number(value);
	return `${number(value)} (${(value / ours).toFixed(1)})`;
}

function rateCell({ name }: Case, server: string, results: Results): string {
	const rate = results.median(name, server, perSecond);
	return rate === null ? '–' : Math.round(rate).toLocaleString('en');
}

function figureRows({ name, title, figures = [] }: Case, servers: readonly string[], results: Results): string[][] {
	return figures.map((figure) => [
		title,
		figure.unit,
		...servers.map((server) => number(results.median(name, server, (measured) => measured.figures[figure.name])))
	]);
}

function number(value: number | null): string {
	if (value === null) return '–';
	return value >= 1000 ? Math.round(value).toLocaleString('en') : String(Number(value.toPrecision(3)));
}
