import { describe, expect, it } from 'vitest';
import { ada, startServer } from '../../test/support/server-harness.ts';
import { live } from '../live/live.ts';
import { define } from './definition.ts';
import type { Service, ServiceDefinition } from './service.ts';

/** What happened, in order. */
function journal() {
	const entries: string[] = [];
	const service = (name: string, more: Partial<ServiceDefinition & Service> = {}) => {
		const definition: ServiceDefinition = {
			kind: 'service',
			begins: more.begins ?? false,
			start: (path) => {
				entries.push(`${name} starts as ${path}`);
				return {
					stop: async () => (entries.push(`${name} stops`), true),
					...(more.stop && { stop: more.stop }),
					opened: (args) => entries.push(`${name} opened ${args.join()}`),
					closed: (args) => entries.push(`${name} closed ${args.join()}`)
				};
			}
		};
		return definition;
	};
	return { entries, service };
}

const exported = (definition: ServiceDefinition): object => define({}, definition);

/** A stream that a service keeps current. */
function kept(service: ServiceDefinition) {
	const base = { kind: 'set', key: 'id', prepend: false, max: 0 } as const;
	return define(
		{},
		{
			kind: 'stream',
			topic: (_, id) => ['kept', String(id)],
			load: () => 1,
			merge: base,
			ephemeral: false,
			access: null,
			schemas: null,
			onSubscribe: null,
			onUnsubscribe: null,
			service
		}
	);
}

describe('a service', () => {
	it('begins when the server has started, or else when its module is registered', async () => {
		const { entries, service } = journal();
		const { server } = await startServer({ a: { job: exported(service('early')) } });
		expect(entries).toEqual(['early starts as a/job']);
		server.registry.register('b', { job: exported(service('late')) });
		expect(entries).toEqual(['early starts as a/job', 'late starts as b/job']);
	});

	it('begins anew when its module is replaced, when the former one has ended', async () => {
		const { entries, service } = journal();
		const ended = Promise.withResolvers<boolean>();
		const stop = () => ended.promise;
		const { server, clock } = await startServer({ a: { job: exported(service('old', { stop })) } });
		server.registry.register('a', { job: exported(service('new')) });
		await clock.settle();
		expect(entries).toEqual(['old starts as a/job']);
		ended.resolve(true);
		await clock.settle();
		expect(entries).toEqual(['old starts as a/job', 'new starts as a/job']);
	});

	it('goes on when its module is registered again as it is, or another one is', async () => {
		const { entries, service } = journal();
		const module = { job: exported(service('job')) };
		const { server, clock } = await startServer({ a: module });
		server.registry.register('a', module);
		server.registry.register('b', { other: live(() => 1) });
		await clock.settle();
		expect(entries).toEqual(['job starts as a/job']);
	});

	it('ends with its module', async () => {
		const { entries, service } = journal();
		const { server, clock } = await startServer({ a: { job: exported(service('job')) } });
		server.registry.remove('a');
		await clock.settle();
		expect(entries).toEqual(['job starts as a/job', 'job stops']);
	});

	it('that cannot begin is reported, and keeps none from beginning', async () => {
		const { entries, service } = journal();
		const broken: ServiceDefinition = {
			...service('broken'),
			start: () => {
				throw new Error('no');
			}
		};
		const { errors } = await startServer({ a: { broken: exported(broken), job: exported(service('job')) } });
		expect(entries).toEqual(['job starts as a/job']);
		expect(errors).toMatchObject([{ path: 'a/broken', error: { message: 'no' } }]);
	});

	it('cannot be called or read by its path', async () => {
		const { service } = journal();
		const { connect } = await startServer({ a: { job: exported(service('job')) } });
		const client = await connect();
		expect(client.errorOf(await client.call('a/job'))).toMatchObject({ code: 'NOT_FOUND' });
		expect(client.errorOf(await client.subscribe('a/job'))).toMatchObject({ code: 'NOT_FOUND' });
	});
});

describe('a server that drains', () => {
	it('ends what begins by itself first, and everything else when its calls are done', async () => {
		const { entries, service } = journal();
		const called = Promise.withResolvers<number>();
		const { server, clock, connect } = await startServer({
			a: {
				job: exported(service('job', { begins: true })),
				effect: exported(service('effect')),
				call: live(() => called.promise)
			}
		});
		await (await connect()).call('a/call');
		const drained = server.drain();
		await clock.settle();
		expect(entries.slice(2)).toEqual(['job stops']);
		called.resolve(1);
		await clock.settle();
		expect(entries.slice(2)).toEqual(['job stops', 'effect stops']);
		await clock.advance(20_000);
		await drained;
	});

	it('tells what takes too long to hurry, and waits a second for it', async () => {
		const { service } = journal();
		const stop = async (): Promise<boolean> => new Promise(() => {});
		const { server, clock, errors } = await startServer({ a: { job: exported(service('job', { stop })) } });
		let done = false;
		void server.drain(5_000).then(() => (done = true));
		await clock.advance(5_999);
		expect(done).toBe(false);
		await clock.advance(2);
		expect(done).toBe(true);
		expect(errors).toMatchObject([{ path: 'a/job', error: { code: 'TIMEOUT' } }]);
	});

	it.each([true, false])('hands on whether everything could finish: %s', async (finished) => {
		const { service } = journal();
		const clean: (boolean | undefined)[] = [];
		const { memory } = await import('../backplanes/memory/memory.ts');
		const backplane = memory();
		const stopped = backplane.stop.bind(backplane);
		Object.assign(backplane, { stop: (value?: boolean) => (clean.push(value), stopped(value)) });
		const stop = async (): Promise<boolean> => finished;
		const { server } = await startServer({ a: { job: exported(service('job', { stop })) } }, { backplane });
		await server.drain();
		await server.stop();
		expect(clean).toEqual([finished]);
	});
});

describe('a stream that a service keeps current', () => {
	it('tells it of the first and of the last reader of some arguments', async () => {
		const { entries, service } = journal();
		const { connect } = await startServer({ a: { rows: kept(service('rows')) } });
		const [one, other] = [await connect(ada), await connect(ada)];
		await one.subscribe('a/rows', ['x']);
		await other.subscribe('a/rows', ['x']);
		await other.subscribe('a/rows', ['y']);
		await one.vanish();
		await other.vanish();
		expect(entries.slice(1)).toEqual(['rows opened x', 'rows opened y', 'rows closed x', 'rows closed y']);
	});

	it('tells one that takes its place who reads already', async () => {
		const { entries, service } = journal();
		const { server, connect, clock } = await startServer({ a: { rows: kept(service('old')) } });
		await (await connect()).subscribe('a/rows', ['x']);
		server.registry.register('a', { rows: kept(service('new')) });
		await clock.settle();
		expect(entries).toEqual([
			'old starts as a/rows',
			'old opened x',
			'old stops',
			'new starts as a/rows',
			'new opened x'
		]);
	});
});
