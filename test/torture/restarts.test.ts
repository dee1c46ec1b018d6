// A service that comes back with nothing, or with what it had earlier: its clients may not go on as if nothing had happened,
// not even where what follows has the offsets of what was lost. TIDEWIRE_RUNS says how often it is tried.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { Random } from '../../src/testing/random.ts';
import { expectAgreement } from './agreement.ts';
import { ROOMS } from './client.ts';
import { endSpares } from './server.ts';
import type { Reader } from './reader.ts';
import { startService, type Service } from './services.ts';
import { CHOSEN } from './settings.ts';
import { World, type CallRecord } from './world.ts';

const RUNS = Number(process.env['TIDEWIRE_RUNS'] || 1);

const CASES = CHOSEN.flatMap((backplane) =>
	(['all', 'since'] as const).map((what) => ({ backplane, what, memory: what === 'all' ? 'nothing' : 'a copy' }))
);

it.each(CASES)(
	`every client of a $backplane that comes back with $memory is reset, ${RUNS} times`,
	{ timeout: 60_000 + 20_000 * RUNS },
	async ({ backplane, what }) => {
		await using service = await startService(backplane);
		const folder = mkdtempSync(join(tmpdir(), 'tidewire-torture-'));
		const options = { space: 'restarts', database: join(folder, 'app.db'), events: 10_000, defect: null };
		const world = new World({ random: new Random(1), backplane, service, ...options });
		try {
			await world.begin();
			for (let run = 0; run < RUNS; run++) {
				await loseOnce(world, service, what);
				expect(world.violations, world.log.join('\n')).toEqual([]);
			}
		} finally {
			await world.end();
			endSpares();
			rmSync(folder, { recursive: true, force: true });
		}
	}
);

async function loseOnce(world: World, service: Service, what: 'all' | 'since'): Promise<void> {
	await publishEverywhere(world);
	if (what === 'since') await service.keep();
	await expectAgreement(world);
	// Of what is lost it hears nothing: where it stands may be in the copy.
	const away = world.clients.at(-1)!;
	away.stall();
	await publishEverywhere(world);
	const readers = world.clients.flatMap(({ readers }) => readers);
	await haveHeard(readers.filter((reader) => !away.readers.includes(reader)));
	const before = readers.map(({ resets }) => resets);
	await service.kill();
	service.lose(what);
	await service.start();
	// As many as were lost: by offsets alone nobody could tell.
	await publishEverywhere(world);
	away.drop();
	await expectAgreement(world);
	const silent = readers.filter(({ resets }, index) => resets === before[index]);
	for (const { label } of silent) world.violate(`${label} went on silently`);
}

/** Resolves when readers of a topic stand at the same place. */
async function haveHeard(readers: readonly Reader[]): Promise<void> {
	const stand = ({ topic, position }: Reader): string => `${topic} ${position?.offset}`;
	while (new Set(readers.map(stand)).size > new Set(readers.map(({ topic }) => topic)).size) await delay(10);
}

/** One event on each topic, acknowledged: tried until it is. */
async function publishEverywhere(world: World): Promise<void> {
	for (const room of ROOMS) while (!(await publish(world, 'put', room))) await delay(50);
	while (!(await publish(world, 'say', ''))) await delay(50);
}

/** Returns whether it was acknowledged. */
async function publish(world: World, kind: 'put' | 'say', room: string): Promise<boolean> {
	const call: CallRecord = { id: world.name('c'), kind, row: world.name('r'), room, outcome: 'pending' };
	world.calls.push(call);
	const args = kind === 'put' ? [call.id, { room, id: call.row, text: 'x' }] : [call.id];
	try {
		await world.clients[0]!.client.call(`app/${kind}`, args);
		call.outcome = 'acknowledged';
	} catch (error) {
		call.outcome = 'failed';
		world.note(`${call.id} failed: ${String(error)}`);
	}
	return call.outcome === 'acknowledged';
}
