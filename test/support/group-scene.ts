// A group on several processes, of which a test is told what its hooks are told.

import { group, type GroupOptions } from '../../src/features/groups/group.ts';
import type { LiveContext } from '../../src/server/context.ts';
import { call } from '../../src/server/define-call.ts';
import type { TestClient } from '../../src/testing/test-client.ts';
import { Processes, type TestProcess } from './processes.ts';

interface Said {
	text: string;
}

export const codeOf = (error: unknown): unknown => (error as { code: string }).code;

export async function scene(count: number, options: GroupOptions<[id: string], { game: string }> = {}) {
	const told: string[] = [];
	const game = group<Said>()((_ctx, id: string) => ['game', id], {
		meta: { game: 'chess' },
		onJoin: (_ctx, { role }, id) => void told.push(`${role} joined ${id}`),
		onLeave: (_ctx, { role }, id) => void told.push(`${role} left ${id}`),
		onFull: (_ctx, { role }) => void told.push(`no place for ${role}`),
		onClose: (_ctx, id) => void told.push(`${id} closed`),
		...options
	});
	const join = call((ctx: LiveContext, role: string) => game.of('g').join(ctx, role));
	const leave = call((ctx: LiveContext) => game.of('g').leave(ctx));
	const has = call((ctx: LiveContext) => game.of('g').has(ctx));
	const processes = new Processes({ m: { game, join, leave, has } });
	const all: TestProcess[] = [];
	for (let index = 0; index < count; index++) all.push(await processes.begin());
	async function ask(client: TestClient, path: string, ...args: unknown[]): Promise<unknown> {
		const answer = client.call(`m/${path}`, ...args).catch(codeOf);
		await processes.advance(10);
		return answer;
	}
	/** A client that reads the group; a member where it was let in. */
	async function read(process: TestProcess, role: string | null = 'player') {
		const client = process.connect({ id: 'x' });
		if (role !== null) await ask(client, 'join', role);
		const stream = client.subscribe('m/game', 'g');
		await processes.advance(10);
		const heard = (): string[] => ((stream.value ?? []) as Said[]).map(({ text }) => text);
		return { client, stream, heard };
	}
	/** Something that a handler of a process does. */
	async function on<Result>(process: TestProcess, run: (of: ReturnType<typeof game.of>) => Promise<Result>) {
		const done = process.run(() => run(game.of('g')));
		await processes.advance(10);
		return done;
	}
	return { processes, all: all as [TestProcess, TestProcess, TestProcess], told, ask, read, on };
}
