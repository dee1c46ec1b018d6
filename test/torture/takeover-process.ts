// A server process with a job, an effect and an aggregate. What they do it writes down at once, so that a kill takes nothing
// of it away.

import { appendFileSync } from 'node:fs';
import { once } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import { aggregate } from '../../src/features/aggregate/define-aggregate.ts';
import { cron } from '../../src/features/cron/define-cron.ts';
import { effect } from '../../src/features/effect/define-effect.ts';
import type { TopicName } from '../../src/protocol/topic.ts';
import { LiveServer } from '../../src/server/server.ts';
import { makeBackplane } from './backplane.ts';
import type { ServerSettings } from './messages.ts';

export interface TakeoverSettings extends ServerSettings {
	/** The file that this process writes to. */
	journal: string;
}

/** What happened, by the process that did it. */
export type Note =
	| { kind: 'tick'; at: number }
	| { kind: 'begin' | 'done'; id: string }
	| { kind: 'error'; path: string; name: string; message: string; at: number | null };

/** What the log has, and what the aggregate made of it. */
export interface TakeoverState {
	ids: string[];
	count: number;
}

export type TakeoverAsk = { ask: number; publish: number } | { ask: number; state: true };
export type TakeoverTell =
	| { ready: true }
	| { ask: number; value: TakeoverState | null }
	| { ask: number; failed: string };

const JOBS = 'jobs' as TopicName;
const HANDLER_MS = 40;
/** Long, so that most kills come while it runs. */
const TICK_MS = 600;

process.on('disconnect', () => process.exit(0));
const [settings] = (await once(process, 'message')) as [TakeoverSettings];
const note = (entry: Note): void => appendFileSync(settings.journal, `${JSON.stringify(entry)}\n`);

const backplane = await makeBackplane(settings, () => {});
const server = new LiveServer({
	backplane,
	onError: (path, error) => {
		const { name, message, scheduledAt } = error as Error & { scheduledAt?: Date };
		note({ kind: 'error', path, name, message, at: scheduledAt?.getTime() ?? null });
	}
});
server.registry.register('app', {
	tick: cron(
		'* * * * * *',
		async ({ scheduledAt }) => {
			note({ kind: 'tick', at: scheduledAt.getTime() });
			await delay(TICK_MS);
		},
		{ catchUp: 'all' }
	),
	jobs: effect([JOBS], async (_event, _data, { id }) => {
		note({ kind: 'begin', id });
		await delay(HANDLER_MS);
		note({ kind: 'done', id });
	}),
	sums: aggregate(JOBS, { count: { init: () => 0, reduce: (count) => count + 1 } })
});
await server.start();
process.on('message', (message: TakeoverAsk) => void answer(message));
tell({ ready: true });

function tell(message: TakeoverTell): void {
	process.send!(message);
}

async function answer(question: TakeoverAsk): Promise<void> {
	const { ask } = question;
	try {
		if ('state' in question) return tell({ ask, value: await state() });
		await server.publisher.publish(JOBS, 'created', { n: question.publish });
		tell({ ask, value: null });
	} catch (error) {
		tell({ ask, failed: String(error) });
	}
}

async function state(): Promise<TakeoverState> {
	const { epoch } = await backplane.head(JOBS);
	const log = await backplane.read(JOBS, { epoch, offset: 0 });
	if (log.kind === 'reset') throw new Error(`the log is ${log.reason}`);
	const sums = await server.loadStream('app/sums', { user: { id: 'test' } }, []);
	const ids = log.entries.map(({ offset }) => `${JOBS} ${epoch}:${offset}`);
	return { ids, count: (sums.value as { count: number }).count };
}
