import { AsyncLocalStorage } from 'node:async_hooks';
import {
	context,
	ROOT_CONTEXT,
	trace,
	type Context,
	type ContextManager,
	type Span,
	type SpanOptions,
	type Tracer
} from '@opentelemetry/api';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { startServer } from '../../../test/support/server-harness.ts';
import { LiveError } from '../../base/errors.ts';
import { live } from '../../live/live.ts';
import { tracing } from './tracing.ts';

interface Recorded {
	name: string;
	kind: number | undefined;
	parent: string | null;
	attributes: Record<string, unknown>;
	failed: boolean;
	ended: number;
}

/** The part of an SDK that keeps what is active: as the one for Node does it. */
class Manager implements ContextManager {
	readonly #storage = new AsyncLocalStorage<Context>();
	active = (): Context => this.#storage.getStore() ?? ROOT_CONTEXT;
	// oxlint-disable-next-line max-params -- what the interface asks for
	with: ContextManager['with'] = (given, run, self, ...args) =>
		this.#storage.run(given, () => Reflect.apply(run, self, args) as never);
	bind = <Target>(_: Context, target: Target): Target => target;
	enable = (): this => this;
	disable = (): this => this;
}

/** The part of an SDK that makes spans: keeps them. */
function recorder() {
	const spans: Recorded[] = [];
	const names = new WeakMap<Span, string>();
	const start = (name: string, { kind }: SpanOptions = {}): Span => {
		const parent = trace.getActiveSpan();
		const recorded: Recorded = {
			name,
			kind,
			parent: (parent && names.get(parent)) ?? null,
			attributes: {},
			failed: false,
			ended: 0
		};
		spans.push(recorded);
		const span = {
			setAttribute: (key: string, value: unknown) => void (recorded.attributes[key] = value),
			setStatus: () => void (recorded.failed = true),
			end: () => void recorded.ended++
		} as unknown as Span;
		names.set(span, name);
		return span;
	};
	const startActiveSpan = (name: string, options: SpanOptions, run: (span: Span) => unknown): unknown => {
		const span = start(name, options);
		return context.with(trace.setSpan(context.active(), span), () => run(span));
	};
	return { spans, tracer: { startSpan: start, startActiveSpan } as unknown as Tracer };
}

beforeEach(() => void context.setGlobalContextManager(new Manager()));
afterEach(() => {
	context.disable();
	trace.disable();
});

const rows = live.stream('rows', (): { id: number }[] => []);

describe('tracing', () => {
	it('makes spans of calls, loads and publishes, each below what began it', async () => {
		const { spans, tracer } = recorder();
		trace.setGlobalTracerProvider({ getTracer: () => tracer });
		const add = live(async (ctx, id: number) => {
			await Promise.resolve();
			ctx.publish(rows.topic(), 'created', { id });
		});
		const { connect } = await startServer({ m: { rows, add } }, { observer: tracing() });
		const client = await connect();
		await client.call('m/add', 1);
		await client.subscribe('m/rows');
		expect(spans.map(({ name, parent, ended }) => [name, parent, ended])).toEqual([
			['call m/add', null, 1],
			['publish log', 'call m/add', 1],
			['load m/rows', null, 1]
		]);
	});

	it('ends the span of a call when it is done, and says how it failed without its words', async () => {
		const { spans, tracer } = recorder();
		let refuse = (_error: Error): void => {};
		const slow = live(() => new Promise((_, reject) => (refuse = reject)));
		const broken = live(() => {
			throw new Error('password=hunter2');
		});
		const { connect, clock } = await startServer({ m: { slow, broken } }, { observer: tracing({ tracer }) });
		const client = await connect();
		await client.call('m/slow');
		expect(spans[0]?.ended).toBe(0);
		refuse(new LiveError('CONFLICT', 'taken by ada'));
		await clock.settle();
		await client.call('m/broken');
		expect(spans).toMatchObject([
			{ failed: true, ended: 1, attributes: { 'tidewire.code': 'CONFLICT' } },
			{ failed: true, ended: 1, attributes: { 'tidewire.code': 'INTERNAL' } }
		]);
		expect(JSON.stringify(spans)).not.toMatch(/hunter2|ada/);
	});
});
