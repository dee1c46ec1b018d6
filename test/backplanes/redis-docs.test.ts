// What docs/backplanes.md says about Redis, against the code and a real Redis.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { REDIS_DEFAULTS } from '../../src/backplanes/redis/options.ts';
import { redis, type RedisBackplane } from '../../src/backplanes/redis/redis.ts';
import { encodeTopic } from '../../src/protocol/topic.ts';
import type { LiveConfig } from '../../src/server/config.ts';
import { blocksOf, readDocument, tableWith } from '../docs/markdown.ts';
import { LIBRARIES, makeClient } from '../support/redis-clients.ts';
import { RedisCluster } from '../support/services/redis-groups.ts';
import { RedisServer } from '../support/services/redis.ts';

const document = readDocument('docs/backplanes.md');
const folder = mkdtempSync(join(import.meta.dirname, '.redis-docs-'));
const topic = encodeTopic('shop');

afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Loads a block as an app has it, but with the sources of the package. */
async function load<Module>(file: string, replacements: Record<string, string> = {}): Promise<Module> {
	const block = blocksOf(document).find(({ info, heading }) => heading === 'Redis' && info.endsWith(`file=${file}`));
	let text = block?.text ?? '';
	const all = {
		"'tidewire/server'": `'${join(import.meta.dirname, '../../src/live/index.ts')}'`,
		"'tidewire/redis'": `'${join(import.meta.dirname, '../../src/backplanes/redis/index.ts')}'`,
		...replacements
	};
	for (const [from, to] of Object.entries(all)) text = text.replaceAll(from, to);
	const path = join(folder, `${file.replaceAll('/', '-')}.ts`);
	writeFileSync(path, text);
	return (await import(/* @vite-ignore */ path)) as Module;
}

it('has every option with its default', () => {
	const { rows } = tableWith(document, /Redis/, ['option', 'default', '']);
	for (const [option, value] of Object.entries(REDIS_DEFAULTS)) {
		const shown = rows.find((row) => row['option'] === option)?.['default'];
		expect(shown?.replaceAll(/['_]/g, ''), option).toBe(String(value));
	}
});

it('shows a configuration that works', async () => {
	await using server = await RedisServer.start();
	process.env['REDIS_URL'] = server.url;
	const { default: config } = await load<{ default: LiveConfig }>('src/hooks.live.ts');
	delete process.env['REDIS_URL'];
	const { backplane } = config;
	await backplane?.start(() => {});
	expect(await backplane?.append(topic, '"created",1')).toMatchObject({ offset: 1 });
	await backplane?.stop();
});

it('shows a Cluster that works', async () => {
	await using cluster = await RedisCluster.start();
	const port = String(cluster.nodes[0]?.port);
	const { backplane } = await load<{ backplane: RedisBackplane }>('src/lib/server/backplane.ts', { 7000: port });
	await backplane.start(() => {});
	expect(await backplane.append(topic, '"created",1')).toMatchObject({ offset: 1 });
	expect(await backplane.store.put('key', 'value', { ttlMs: null })).toBeGreaterThan(0);
	await backplane.stop();
});

it.each(LIBRARIES)('says what a user of Redis has to be allowed, with %s', async (library) => {
	await using server = await RedisServer.start();
	const [, rights = ''] = /`(\+@read[^`]*)`/.exec(document) ?? [];
	const user = ['ACL', 'SETUSER', 'app', 'on', '>word', '~tidewire:*', '&tidewire:*', ...rights.split(/\s+/)];
	expect(await server.command(...user)).toBe('+OK');
	const backplane = redis(makeClient(library, `redis://app:word@127.0.0.1:${server.port}`));
	await backplane.start(() => {});
	await backplane.subscribe(topic);
	const position = await backplane.append(topic, '"created",1');
	await backplane.broadcast(topic, '"moved",1', null);
	expect(await backplane.read(topic, { ...position, offset: 0 })).toMatchObject({ kind: 'events' });
	await backplane.store.put('key', 'value', { ttlMs: 1_000 });
	await backplane.store.count([{ key: 'key', by: 1, ttlMs: 1_000 }]);
	await backplane.store.enter('group', { member: 'ada', value: '' }, 1_000);
	await backplane.stop();
});
