import { describe, expect, test, vi } from 'vitest';
import { LiveError } from '../base/errors.ts';
import type { UpMessage } from '../protocol/up.ts';
import { CRUD, said, Scene, type ScriptedSocket } from '../../test/support/scripted-server.ts';
import type { ClientOptions } from './options.ts';
import type { StreamState } from './stream-state.ts';
import type { ClientStream } from './stream.ts';

const ann = { id: 1, name: 'ann' };
const bob = { id: 2, name: 'bob' };
const cid = { id: 3, name: 'cid' };

/** A stream that somebody listens to, on an open connection, and the states that the listener saw. */
async function watched(options: ClientOptions = {}) {
	const scene = new Scene(options);
	const stream = scene.client.stream('app/people', ['team']);
	const states: StreamState[] = [];
	const stop = stream.onChange(() => states.push(stream.state));
	const socket = await welcomed(scene);
	const id = subscribeOf(socket).id;
	return { scene, stream, states, stop, socket, id };
}

/** The same, with its first value: ann at offset 5. */
async function loaded(options: ClientOptions = {}) {
	const all = await watched(options);
	all.socket.say(said.snapshot(all.id, [ann], { position: { epoch: 'e', offset: 5 } }));
	all.states.length = 0;
	return all;
}

async function welcomed(scene: Scene): Promise<ScriptedSocket> {
	scene.socket.welcome();
	await scene.clock.settle();
	return scene.socket;
}

async function reconnected(scene: Scene): Promise<ScriptedSocket> {
	scene.socket.drop();
	await scene.clock.advance(5_000);
	return await welcomed(scene);
}

function subscribeOf(socket: ScriptedSocket): Extract<UpMessage, { kind: 'subscribe' }> {
	const [subscribe, ...more] = socket.taken('subscribe');
	expect(more).toEqual([]);
	return subscribe!;
}

function names(stream: ClientStream): string[] {
	return (stream.state.value as { name: string }[]).map((row) => row.name);
}

/** The events behind offset 5. */
const missed = (id: number, ...events: [offset: number, event: string, data: unknown][]): string =>
	said.resumed(id, { epoch: 'e', offset: 5 }, { events });

describe('subscribing', () => {
	test('begins with the first listener, and gives the value with what happened since', async () => {
		const { stream, states, socket, id } = await watched();
		expect(stream.state).toEqual({
			value: undefined,
			ready: false,
			loading: true,
			error: undefined,
			connected: false,
			hasMore: false
		});
		socket.say(said.snapshot(id, [ann], { position: { epoch: 'e', offset: 5 }, events: [[6, 'created', bob]] }));
		expect(states).toMatchObject([
			{ value: [ann, bob], ready: true, loading: false, error: undefined, connected: true }
		]);
	});

	test('happens once for all who listen to the same path and arguments', async () => {
		const { scene, stream, socket, id } = await watched();
		const same = scene.client.stream('app/people', ['team']);
		expect(same).toBe(stream);
		const other = scene.client.stream('app/people', ['others']);
		same.onChange(() => {});
		other.onChange(() => {});
		await scene.clock.settle();
		expect(subscribeOf(socket)).toMatchObject({ args: ['others'], position: null });
		expect(id).toBeGreaterThan(0);
	});

	test('ends a moment after the last listener has left, and no sooner', async () => {
		const { scene, stream, stop, socket, id } = await loaded();
		const again = stream.onChange(() => {});
		stop();
		await scene.clock.advance(5_000);
		again();
		again();
		await scene.clock.advance(999);
		expect(socket.take()).toEqual([]);
		await scene.clock.advance(1);
		expect(socket.take()).toEqual([{ kind: 'unsubscribe', id }]);
		expect(stream.state.connected).toBe(false);
	});

	test('goes on when somebody comes back in time, and resumes when later', async () => {
		const { scene, stream, stop, socket } = await loaded();
		stop();
		await scene.clock.advance(500);
		const leave = scene.client.stream('app/people', ['team']).onChange(() => {});
		await scene.clock.advance(5_000);
		expect(socket.take()).toEqual([]);
		leave();
		await scene.clock.advance(1_000);
		socket.take();
		stream.onChange(() => {});
		await scene.clock.settle();
		expect(subscribeOf(socket).position).toEqual({ epoch: 'e', offset: 5 });
	});

	test('a stream that nobody used for long is forgotten, and its successor is another object', async () => {
		const { scene, stream, stop } = await loaded();
		stop();
		await scene.clock.advance(1_000);
		expect(scene.client.stream('app/people', ['team'])).not.toBe(stream);
	});

	test('what arrives for an ended subscription finds nobody', async () => {
		const { scene, stream, stop, socket, id } = await loaded();
		stop();
		await scene.clock.advance(1_000);
		socket.say(
			said.event(7, 6, 'created', bob),
			said.snapshot(id, [cid]),
			said.error(id, new LiveError('INTERNAL'))
		);
		expect(names(stream)).toEqual(['ann']);
		expect(stream.state.error).toBeUndefined();
	});
});

describe('events', () => {
	test('follow each other; what is known already is ignored', async () => {
		const { stream, socket } = await loaded();
		socket.say(
			said.event(7, 5, 'deleted', ann),
			said.event(7, 6, 'created', bob),
			said.event(7, 6, 'created', cid)
		);
		expect(names(stream)).toEqual(['ann', 'bob']);
	});

	test('of one frame notify once', async () => {
		const { states, socket } = await loaded();
		socket.say(
			...[6, 7, 8, 9].map((offset) => said.event(7, offset, 'created', { id: offset, name: `n${offset}` }))
		);
		expect(states).toHaveLength(1);
	});

	test('of another alias are not for this stream', async () => {
		const { stream, states, socket } = await loaded();
		socket.say(said.event(8, 6, 'created', bob));
		expect(states).toEqual([]);
		expect(names(stream)).toEqual(['ann']);
	});

	test('are those of the alias that the last answer named', async () => {
		const { scene, stream, stop, socket, id } = await loaded();
		const at = (offset: number) => ({ position: { epoch: 'e', offset } });
		socket.say(said.reset(id, 'reload'), said.snapshot(id, [ann], { ...at(5), alias: 8 }));
		socket.say(said.event(7, 6, 'deleted', ann), said.event(8, 6, 'created', bob));
		expect(names(stream)).toEqual(['ann', 'bob']);
		stop();
		await scene.clock.advance(1_000);
		stream.onChange(() => {});
		await scene.clock.settle();
		socket.say(said.resumed(subscribeOf(socket).id, { epoch: 'e', offset: 6 }, { alias: 9 }));
		socket.say(said.event(8, 7, 'deleted', ann), said.event(9, 7, 'created', cid));
		expect(names(stream)).toEqual(['ann', 'bob', 'cid']);
	});

	test('go to every stream of their topic', async () => {
		const { scene, stream, socket } = await loaded();
		const other = scene.client.stream('app/others', []);
		other.onChange(() => {});
		await scene.clock.settle();
		socket.say(said.snapshot(subscribeOf(socket).id, [], { position: { epoch: 'e', offset: 6 } }));
		socket.say(said.event(7, 6, 'created', bob), said.event(7, 7, 'created', cid));
		expect(names(stream)).toEqual(['ann', 'bob', 'cid']);
		expect(names(other)).toEqual(['cid']);
	});

	test('before the answer to subscribe are ignored: it will contain them', async () => {
		const { scene, stream, socket } = await loaded();
		const late = scene.client.stream('app/late', []);
		late.onChange(() => {});
		await scene.clock.settle();
		const { id } = subscribeOf(socket);
		socket.say(said.event(7, 6, 'created', bob));
		expect(late.state.ready).toBe(false);
		socket.say(said.snapshot(id, [ann, bob], { position: { epoch: 'e', offset: 6 } }));
		expect([names(stream), names(late)]).toEqual([
			['ann', 'bob'],
			['ann', 'bob']
		]);
	});

	test('of an ephemeral topic have no order to miss', async () => {
		const { stream, socket, id } = await watched();
		socket.say(said.snapshot(id, [], { merge: { ...CRUD, kind: 'cursor' } }));
		socket.say(said.event(7, 0, 'update', ann), said.event(7, 0, 'update', bob));
		expect(names(stream)).toEqual(['ann', 'bob']);
	});
});

describe('a hole', () => {
	test('is filled: nothing is taken until the missing events are there', async () => {
		const { scene, stream, states, socket, id } = await loaded();
		socket.say(said.event(7, 7, 'created', cid), said.event(7, 8, 'deleted', cid));
		await scene.clock.settle();
		expect(socket.take()).toEqual([{ kind: 'catchup', id, position: { epoch: 'e', offset: 5 } }]);
		expect(states).toEqual([]);
		socket.say(missed(id, [6, 'created', bob], [7, 'created', cid]), said.event(7, 8, 'deleted', ann));
		expect(names(stream)).toEqual(['bob', 'cid']);
	});

	test('that a heartbeat shows is filled as well', async () => {
		const { scene, stream, socket, id } = await loaded();
		socket.heartbeat(1, [
			[7, 5],
			[9, 100]
		]);
		await scene.clock.settle();
		expect(socket.taken('catchup')).toEqual([]);
		socket.heartbeat(2, [[7, 6]]);
		socket.heartbeat(3, [[7, 6]]);
		await scene.clock.settle();
		expect(socket.taken('catchup')).toHaveLength(1);
		socket.say(missed(id, [6, 'created', bob]));
		expect(names(stream)).toEqual(['ann', 'bob']);
	});

	test('inside what fills another one is not overlooked', async () => {
		const { scene, stream, socket, id } = await loaded();
		socket.say(said.event(7, 9, 'created', bob));
		socket.say(missed(id, [6, 'created', bob], [8, 'deleted', bob]));
		await scene.clock.settle();
		expect(socket.taken('catchup').map((message) => message.position.offset)).toEqual([5, 6]);
		expect(names(stream)).toEqual(['ann', 'bob']);
	});

	test('between what we have and where the server resumes leads to a fresh value, which the application is told', async () => {
		const onReset = vi.fn<(path: string, reason: string) => void>();
		const { scene, socket, id } = await loaded({ onReset });
		socket.say(said.event(7, 9, 'created', bob));
		socket.take();
		socket.say(said.resumed(id, { epoch: 'e', offset: 6 }, { events: [[7, 'created', bob]] }));
		await scene.clock.settle();
		expect(socket.take().filter((message) => message.kind !== 'catchup')).toMatchObject([
			{ kind: 'unsubscribe', id },
			{ kind: 'subscribe', position: null }
		]);
		expect(onReset.mock.calls).toEqual([['app/people', 'slow']]);
	});
});

describe('a lost connection', () => {
	test('leaves the value, and the stream resumes from its position', async () => {
		const { scene, stream, states } = await loaded();
		const socket = await reconnected(scene);
		expect(states).toMatchObject([
			{ value: [ann], ready: true, loading: false, error: undefined, connected: false }
		]);
		const { id, position } = subscribeOf(socket);
		expect(position).toEqual({ epoch: 'e', offset: 5 });
		socket.say(said.resumed(id, { epoch: 'e', offset: 5 }, { alias: 1, events: [[6, 'created', bob]] }));
		socket.say(said.event(1, 7, 'created', cid), said.event(7, 8, 'deleted', ann));
		expect(names(stream)).toEqual(['ann', 'bob', 'cid']);
		expect(stream.state.connected).toBe(true);
	});

	test('resumes in the epoch that the server names, for a log that outlived its server', async () => {
		const { scene, stream } = await loaded();
		const socket = await reconnected(scene);
		const { id } = subscribeOf(socket);
		socket.say(said.resumed(id, { epoch: 'after', offset: 5 }, { events: [[6, 'created', bob]] }));
		expect(names(stream)).toEqual(['ann', 'bob']);
		expect(subscribeOf(await reconnected(scene)).position).toEqual({ epoch: 'after', offset: 6 });
	});

	test('loads an ephemeral stream anew', async () => {
		const { scene, stream, socket, id } = await watched();
		socket.say(said.snapshot(id, [ann]));
		const next = await reconnected(scene);
		const subscribe = subscribeOf(next);
		expect(subscribe.position).toBeNull();
		next.say(said.snapshot(subscribe.id, [bob]));
		expect(names(stream)).toEqual(['bob']);
	});

	test('that cannot be resumed resets, tells the application, and replaces the value in one step', async () => {
		const onReset = vi.fn<(path: string, reason: string) => void>();
		const { scene, stream, states } = await loaded({ onReset });
		const socket = await reconnected(scene);
		const { id } = subscribeOf(socket);
		states.length = 0;
		socket.say(said.reset(id, 'epoch'), said.snapshot(id, [bob], { position: { epoch: 'f', offset: 2 } }));
		expect(states).toHaveLength(1);
		expect(names(stream)).toEqual(['bob']);
		expect(onReset.mock.calls).toEqual([['app/people', 'epoch']]);
		socket.say(said.event(7, 3, 'created', cid));
		expect(names(stream)).toEqual(['bob', 'cid']);
	});

	test('a reset in the middle takes no event before its snapshot', async () => {
		const { stream, socket, id } = await loaded();
		socket.say(said.reset(id, 'slow'), said.event(7, 6, 'created', cid));
		expect(names(stream)).toEqual(['ann']);
		socket.say(said.snapshot(id, [bob], { position: { epoch: 'e', offset: 9 } }));
		expect(names(stream)).toEqual(['bob']);
	});

	test('does not subscribe for those who left meanwhile', async () => {
		const { scene, stop } = await loaded();
		scene.socket.drop();
		stop();
		await scene.clock.advance(5_000);
		const socket = await welcomed(scene);
		expect(socket.take()).toMatchObject([{ kind: 'hello' }]);
	});
});

describe('errors', () => {
	test('that time does not heal are shown, with the value of before', async () => {
		const onError = vi.fn<(error: LiveError, path: string | undefined) => void>();
		const { scene, stream, socket, id } = await loaded({ onError });
		socket.say(said.error(id, new LiveError('FORBIDDEN', 'not yours')));
		expect(stream.state).toMatchObject({
			value: [ann],
			ready: true,
			connected: false,
			error: { code: 'FORBIDDEN' }
		});
		expect(onError.mock.calls).toMatchObject([[{ code: 'FORBIDDEN' }, 'app/people']]);
		await scene.clock.advance(1_000);
		expect(socket.take()).toEqual([]);
		const next = await reconnected(scene);
		next.say(said.resumed(subscribeOf(next).id, { epoch: 'e', offset: 5 }));
		expect(stream.state).toMatchObject({ error: undefined, connected: true });
	});

	test('that may pass are tried again, and shown from the second in a row on', async () => {
		const { scene, stream, socket, id } = await watched();
		socket.say(said.error(id, new LiveError('UNAVAILABLE', 'db', { retryAfterMs: 4_000 })));
		expect(stream.state).toMatchObject({ loading: true, error: undefined });
		await scene.clock.advance(3_999);
		expect(socket.take()).toEqual([]);
		await scene.clock.advance(1);
		const second = subscribeOf(socket);
		socket.say(said.error(second.id, new LiveError('UNAVAILABLE', 'db')));
		expect(stream.state).toMatchObject({ loading: false, error: { code: 'UNAVAILABLE' } });
		await scene.clock.advance(5_000);
		const third = subscribeOf(socket);
		socket.say(said.snapshot(third.id, [ann]));
		expect(stream.state).toMatchObject({ loading: false, error: undefined, ready: true });
		socket.say(said.error(third.id, new LiveError('UNAVAILABLE', 'db')));
		expect(stream.state).toMatchObject({ error: undefined, connected: false });
	});

	test('are forgotten when nobody listens and somebody comes back', async () => {
		const { scene, stream, stop, socket, id } = await watched();
		socket.say(said.error(id, new LiveError('FORBIDDEN')));
		stop();
		await scene.clock.advance(1_000);
		expect(stream.state.error).toMatchObject({ code: 'FORBIDDEN' });
		stream.onChange(() => {});
		expect(stream.state).toMatchObject({ loading: true, error: undefined });
	});

	test('a failed stream that nobody listens to any more is not tried again', async () => {
		const { scene, stop, socket, id } = await watched({ backoff: { firstMs: 10_000, capMs: 10_000 } });
		socket.say(said.error(id, new LiveError('UNAVAILABLE')));
		stop();
		await scene.clock.advance(10_000);
		expect(socket.take()).toEqual([]);
		expect(scene.clock.pending).toBe(1); // the heartbeat
	});

	test('a refused connection is the error of every stream, until it is accepted', async () => {
		const { scene, stream, socket } = await loaded();
		socket.goodbye('UNAUTHORIZED');
		expect(stream.state).toMatchObject({ value: [ann], connected: false, error: { code: 'UNAUTHORIZED' } });
		const late = scene.client.stream('app/late', []);
		late.onChange(() => {});
		expect(late.state).toMatchObject({ loading: false, error: { code: 'UNAUTHORIZED' } });
		scene.client.reconnect();
		const next = await welcomed(scene);
		const [first] = next.taken('subscribe');
		next.say(said.resumed(first!.id, { epoch: 'e', offset: 5 }));
		expect(stream.state).toMatchObject({ connected: true, error: undefined });
	});

	test('arguments above the server limit fail the stream alone', async () => {
		const scene = new Scene();
		await scene.open({ messageBytes: 100 });
		const stream = scene.client.stream('app/people', ['x'.repeat(200)]);
		stream.onChange(() => {});
		expect(stream.state).toMatchObject({ loading: false, error: { code: 'TOO_LARGE' } });
		expect(scene.client.status.state).toBe('open');
	});

	test('a listener that throws disturbs neither the others nor the client', async () => {
		const { stream, states, socket } = await loaded();
		const thrown = vi.spyOn(globalThis, 'queueMicrotask').mockImplementationOnce(() => {});
		stream.onChange(() => {
			throw new Error('of the application');
		});
		const last = vi.fn<() => void>();
		stream.onChange(last);
		socket.say(said.event(7, 6, 'created', bob));
		expect([states.length, last.mock.calls.length, thrown.mock.calls.length]).toEqual([1, 1, 1]);
		thrown.mockRestore();
	});
});

describe('hydrating', () => {
	const page = { value: [ann], position: { epoch: 'e', offset: 5 }, merge: CRUD };

	test('shows the value at once and resumes from it instead of loading it again', async () => {
		const scene = new Scene();
		const stream = scene.client.stream('app/people', []);
		stream.hydrate(page);
		expect(stream.state).toMatchObject({ value: [ann], ready: true, loading: false, connected: false });
		stream.onChange(() => {});
		const socket = await welcomed(scene);
		const { id, position } = subscribeOf(socket);
		expect(position).toEqual({ epoch: 'e', offset: 5 });
		socket.say(missed(id, [6, 'created', bob]));
		expect(names(stream)).toEqual(['ann', 'bob']);
		expect(page.value).toEqual([ann]);
	});

	test('never replaces a live or a newer value', async () => {
		const { scene, stream, socket } = await loaded();
		socket.say(said.event(7, 6, 'created', bob));
		stream.hydrate({ ...page, position: { epoch: 'e', offset: 9 }, value: [cid] });
		expect(names(stream)).toEqual(['ann', 'bob']);
		scene.socket.drop();
		stream.hydrate(page);
		expect(names(stream)).toEqual(['ann', 'bob']);
		stream.hydrate({ ...page, position: { epoch: 'e', offset: 7 }, value: [cid] });
		expect(names(stream)).toEqual(['cid']);
	});

	test('while the answer to an older position is on its way leaves out what is known by then', async () => {
		const { scene, stream } = await loaded();
		const socket = await reconnected(scene);
		const { id } = subscribeOf(socket);
		stream.hydrate({ ...page, position: { epoch: 'e', offset: 7 }, value: [cid] });
		socket.say(missed(id, [6, 'created', bob], [7, 'created', cid], [8, 'created', { id: 4, name: 'dan' }]));
		expect(names(stream)).toEqual(['cid', 'dan']);
	});
});

describe('a mutation', () => {
	test('shows its event at once, and takes it back where the call fails', async () => {
		const { stream } = await loaded();
		const call = Promise.withResolvers<string>();
		const done = stream.mutate('created', bob, () => call.promise);
		expect(names(stream)).toEqual(['ann', 'bob']);
		call.reject(new LiveError('CONFLICT'));
		await expect(done).rejects.toMatchObject({ code: 'CONFLICT' });
		expect(names(stream)).toEqual(['ann']);
	});

	test('that fails before it begins shows nothing', async () => {
		const { stream } = await loaded();
		const done = stream.mutate('created', bob, () => {
			throw new Error('no');
		});
		await expect(done).rejects.toThrow('no');
		expect(names(stream)).toEqual(['ann']);
	});

	test('hands over to the event of the server, whatever key that has', async () => {
		const { stream, socket, states } = await loaded();
		const call = Promise.withResolvers<string>();
		const done = stream.mutate('created', { id: -1, name: 'draft' }, () => call.promise);
		socket.say(said.event(7, 6, 'created', bob));
		call.resolve('ok');
		expect(await done).toBe('ok');
		expect(names(stream)).toEqual(['ann', 'bob']);
		expect(states.every((state) => (state.value as unknown[]).length >= 2)).toBe(true);
	});

	test('that succeeds while events are missing stays until they are there', async () => {
		const { stream, socket, id, states } = await loaded();
		const call = Promise.withResolvers<string>();
		const done = stream.mutate('created', { id: -1, name: 'draft' }, () => call.promise);
		socket.say(said.event(7, 7, 'created', cid));
		call.resolve('ok');
		await done;
		expect(names(stream)).toEqual(['ann', 'draft']);
		socket.say(missed(id, [6, 'created', bob], [7, 'created', cid]));
		expect(names(stream)).toEqual(['ann', 'bob', 'cid']);
		expect(states).toHaveLength(2);
	});

	test('by hand lasts until it is taken back', async () => {
		const { stream } = await loaded();
		const rollback = stream.optimistic('deleted', ann);
		expect(names(stream)).toEqual([]);
		rollback();
		rollback();
		expect(names(stream)).toEqual(['ann']);
	});
});

describe('refreshing', () => {
	test('loads the value anew without dropping the old one', async () => {
		const { scene, stream, states, socket, id } = await loaded();
		const refreshed = stream.refresh();
		await scene.clock.settle();
		const [leave, subscribe] = socket.take();
		expect([leave, subscribe]).toMatchObject([
			{ kind: 'unsubscribe', id },
			{ kind: 'subscribe', position: null }
		]);
		expect(states).toEqual([]);
		socket.say(said.snapshot((subscribe as { id: number }).id, [bob], { position: { epoch: 'e', offset: 6 } }));
		await refreshed;
		expect(names(stream)).toEqual(['bob']);
	});

	test('a stream that nobody listens to subscribes once, for a moment', async () => {
		const scene = new Scene();
		const stream = scene.client.stream('app/people', []);
		const refreshed = stream.refresh();
		const socket = await welcomed(scene);
		socket.say(said.snapshot(subscribeOf(socket).id, [ann]));
		await refreshed;
		await scene.clock.advance(1_000);
		expect(socket.take()).toMatchObject([{ kind: 'unsubscribe' }]);
	});

	test('rejects with the error of the server, or of the connection', async () => {
		const { stream, socket, scene } = await loaded();
		const refreshed = stream.refresh();
		await scene.clock.settle();
		socket.say(said.error(subscribeOf(socket).id, new LiveError('FORBIDDEN')));
		await expect(refreshed).rejects.toMatchObject({ code: 'FORBIDDEN' });
		scene.client.close();
		await expect(stream.refresh()).rejects.toMatchObject({ code: 'CLOSED' });
	});

	test('survives a lost connection', async () => {
		const { stream, scene } = await loaded();
		const refreshed = stream.refresh();
		const socket = await reconnected(scene);
		const { id, position } = subscribeOf(socket);
		expect(position).toBeNull();
		socket.say(said.snapshot(id, [bob]));
		await refreshed;
		expect(names(stream)).toEqual(['bob']);
	});
});
