// `npm run bench:backplanes [-- redis|nats]`: events from one process to another, over a private service. Throughput: so many
// events are kept on the way. Latency: one event every two milliseconds. Variants take turns, the median of the rounds counts.

import { fork, type ChildProcess } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { cpus, loadavg } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { SERVICES, type BenchService } from './services.ts';

const ON_THE_WAY = 5_000;
const ROUNDS = 3;
const WARM_MS = 700;
const MEASURE_MS = 2_000;
const TOPICS = [1, 100];

interface Report {
	heard: number;
	latencies: number[];
	misplaced: number;
	cpuMicros: number;
}

interface Measured {
	/** CPU time per event, in microseconds. */
	publisher: number;
	subscriber: number;
	service: number;
	/** Of all three: what depends least on whatever else the machine does. */
	together: number;
	perSecond: number;
	p50: number;
	p99: number;
	misplaced: number;
}

class Side {
	readonly child: ChildProcess;
	heard = 0;
	onHeard: () => void = () => {};
	#answer = Promise.withResolvers<Report>();

	constructor(role: string, variant: string, rest: string[]) {
		this.child = fork(join(import.meta.dirname, 'process.ts'), [role, variant, ...rest], {
			serialization: 'advanced',
			execArgv: ['--disable-warning=ExperimentalWarning']
		});
	}

	ready(): Promise<void> {
		return new Promise((resolve, reject) => {
			this.child.on('exit', () => reject(new Error('a process of the benchmark has ended')));
			this.child.on('message', (message: Partial<Report> & { ready?: true; failure?: string }) => {
				if (message.ready) return resolve();
				if (message.failure !== undefined) console.error(message.failure);
				if (message.heard === undefined) return;
				this.heard = message.heard;
				if (message.latencies) this.#answer.resolve(message as Report);
				else this.onHeard();
			});
		});
	}

	report(): Promise<Report> {
		this.#answer = Promise.withResolvers();
		this.child.send(0);
		return this.#answer.promise;
	}
}

const at = (sorted: number[], part: number): number => sorted[Math.floor(sorted.length * part)] ?? NaN;

async function measure(variant: string, service: BenchService, topics: number): Promise<Measured> {
	const rest = [service.url, String(topics)];
	const [publisher, subscriber] = [new Side('publish', variant, rest), new Side('subscribe', variant, rest)];
	try {
		await Promise.all([publisher.ready(), subscriber.ready()]);
		let sent = 0;
		let isOn = true;
		const fill = (): void => {
			const missing = isOn ? ON_THE_WAY - (sent - subscriber.heard) : 0;
			if (missing <= 0) return;
			publisher.child.send(missing);
			sent += missing;
		};
		subscriber.onHeard = fill;
		fill();
		await delay(WARM_MS);
		const cpu = () => Promise.all([publisher.report(), subscriber.report(), service.cpuMicros()]);
		const [publisherBefore, begin, serviceBefore] = await cpu();
		const beginMs = performance.now();
		await delay(MEASURE_MS);
		const [publisherAfter, end, serviceAfter] = await cpu();
		const events = end.heard - begin.heard;
		const perSecond = events / ((performance.now() - beginMs) / 1e3);
		const perEvent = {
			publisher: (publisherAfter.cpuMicros - publisherBefore.cpuMicros) / events,
			subscriber: (end.cpuMicros - begin.cpuMicros) / events,
			service: (serviceAfter - serviceBefore) / events
		};
		const together = perEvent.publisher + perEvent.subscriber + perEvent.service;
		isOn = false;
		await delay(200);
		await subscriber.report();
		for (let count = 0; count < 500; count++) {
			publisher.child.send(1);
			await delay(2);
		}
		await delay(200);
		const { latencies, misplaced } = await subscriber.report();
		const sorted = latencies.toSorted((one, other) => one - other);
		return { ...perEvent, together, perSecond, p50: at(sorted, 0.5), p99: at(sorted, 0.99), misplaced };
	} finally {
		publisher.child.removeAllListeners('exit').kill('SIGKILL');
		subscriber.child.removeAllListeners('exit').kill('SIGKILL');
	}
}

const median = (values: number[]): number =>
	at(
		values.toSorted((one, other) => one - other),
		0.5
	);

async function compare(service: BenchService, topics: number): Promise<string[]> {
	const rounds = new Map(service.variants.map(({ name }) => [name, [] as Measured[]]));
	for (let round = 0; round < ROUNDS; round++) {
		for (const { name } of service.variants) {
			await service.clear();
			const measured = await measure(name, service, topics);
			console.log(topics, name, measured);
			rounds.get(name)?.push(measured);
		}
	}
	const of = (name: string, figure: keyof Measured): number =>
		median((rounds.get(name) ?? []).map((measured) => measured[figure]));
	const base = service.variants[0]?.name ?? '';
	const rows = service.variants.map(({ name, keeps }) => {
		const perSecond = of(name, 'perSecond');
		const figures = [
			Math.round(perSecond),
			(perSecond / of(base, 'perSecond')).toFixed(2),
			of(name, 'publisher').toFixed(1),
			of(name, 'subscriber').toFixed(1),
			of(name, 'service').toFixed(1),
			of(name, 'together').toFixed(1),
			of(name, 'p50').toFixed(2),
			of(name, 'p99').toFixed(2)
		];
		return `| ${name} | ${keeps ? 'yes' : 'no'} | ${figures.join(' | ')} | ${of(name, 'misplaced')} |`;
	});
	return [
		`\n## ${topics === 1 ? 'One topic' : `${topics} topics`}\n`,
		`| | kept | events/s | × ${base} | publisher µs | subscriber µs | ${service.name} µs | together µs | p50 ms | p99 ms | misplaced |`,
		'|---|---|---|---|---|---|---|---|---|---|---|',
		...rows
	];
}

async function run(which: string): Promise<void> {
	const start = SERVICES[which];
	if (start === undefined) throw new Error(`there is no service "${which}": ${Object.keys(SERVICES).join(' or ')}`);
	await using service = await start();
	const load = (loadavg()[0] ?? 0).toFixed(1);
	const tables: string[] = [];
	for (const topics of TOPICS) tables.push(...(await compare(service, topics)));
	const { name, version } = service;
	const head = [
		`# Events from one process to another, over ${name}`,
		'',
		`Written by \`npm run bench:backplanes -- ${which}\`: Node ${process.version}, ${name} ${version}, ${cpus().length} cores`,
		`(${cpus()[0]?.model}), which the publisher, the subscriber and ${name} share. Events of about 150 bytes, ${ON_THE_WAY} on the way;`,
		`latency at 500 events/s; µs are CPU time per event. Medians of ${ROUNDS} rounds. The machine's load was ${load}
before it began: where it is not idle, events/s say little, and µs remain.`
	];
	const text = [...head, ...tables, ''].join('\n');
	writeFileSync(new URL(`RESULTS-${which}.md`, import.meta.url), text);
	console.log(text);
}

const chosen = process.argv.slice(2);
for (const which of chosen.length > 0 ? chosen : Object.keys(SERVICES)) await run(which);
