// docs/migrating.md against two things: every name that the three documents use, written down here, and the code that is said to
// take its place. A name without a row fails, and so does a row that promises what is not there.
import { existsSync, globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { root } from '../../scripts/lib/run.ts';
import { ERROR_CODES } from '../../src/base/errors.ts';
import { HELP } from '../../src/cli/arguments.ts';
import { live, pipe } from '../../src/live/index.ts';
import { readDocument } from './markdown.ts';

/** What the documents name, by the heading of the table here. Without arguments; in words where it has no name. */
const NAMES: Record<string, string> = {
	'Setting up': `svelte-adapter-uws uWebSockets.js ws adapter uws realtime dir typedImports devtools $live/chat $live/rooms/lobby
		src/hooks.ws.js upgrade open message close createMessage platform beforeExecute onError onUnhandled handleRpc
		CLUSTER_WORKERS maxPayloadLength maxBackpressure sendQueue Batch_size ws.subscribe Server-side_HMR`,
	'Functions of a live module': `live live.validated live.stream live.channel live.binary live.cron live.derived live.effect
		live.aggregate live.room live.webhook live.gate live.rateLimit live.middleware live.access.owner live.access.team
		live.access.role live.access.any live.access.all guard _guard LiveError pipe setCronPlatform onCronError enableSignals
		_activateDerived`,
	'What handlers are given': `ctx.user ctx.ws ctx.platform ctx.platform.send ctx.platform.sendTo ctx.platform.subscribers
		ctx.platform.connections ctx.publish ctx.cursor ctx.throttle ctx.debounce ctx.signal next`,
	Options: `merge 'crud' 'latest' 'set' 'presence' 'cursor' key prepend max replay onSubscribe onUnsubscribe filter access delta delta.version delta.diff version migrate
		points window maxSize debounce topic init presence cursors guard actions init reduce compute verify transform handle
		cron_syntax pipe.filter pipe.sort pipe.limit pipe.join`,
	Events: `created updated deleted any_event_name set join leave update remove`,
	'In the browser': `RpcError code issues VALIDATION UNAUTHORIZED FORBIDDEN RATE_LIMITED QUEUE_FULL STALE batch
		request_deduplication getUser.fresh configure onConnect onDisconnect beforeReconnect offline queue maxQueue maxAge
		beforeReplay onReplayError combine onSignal undefined $messages {_error_} StreamView board.data board.presence board.cursors board.addCard optimistic load hydrate
		{_data,_hasMore,_cursor_} loadMore hasMore enableHistory undo redo canUndo canRedo when Connection_state Reconnection`,
	Tests: `createTestEnv register connect cleanup env.platform call subscribe binary disconnect reconnect value error events
		topic hasMore waitFor`,
	'With several processes': `createRedis createPubSubBus bus.activate bus.wrap createRateLimit limiter.consume allowed resetMs
		createPgClient createNotifyBridge notify.activate`,
	'Redis client': `createRedisClient url keyPrefix autoShutdown options redis.redis redis.key redis.duplicate redis.quit`,
	'Postgres client': `createPgClient connectionString autoShutdown options pg.pool pg.query pg.createClient pg.end`,
	'Pub/sub bus': `createPubSubBus channel bus.wrap bus.activate bus.deactivate`,
	'Replay buffer (Redis and Postgres)': `createReplay size ttl table autoMigrate cleanupInterval publish seq since replay clear
		clearTopic destroy`,
	Presence: `createPresence key select heartbeat ttl join leave sync list count clear destroy hooks __presence:* ctx.platform.getUserData`,
	'Rate limiting': `createRateLimit points interval blockDuration keyBy consume reset ban unban clear`,
	'Broadcast groups': `createGroup maxMembers meta memberTtl onJoin onLeave onFull onClose join leave publish send localMembers
		count has getMeta setMeta close destroy`,
	Cursor: `createCursor throttle select ttl update remove list clear destroy`,
	'LISTEN/NOTIFY bridge': `createNotifyBridge channel parse autoReconnect reconnectInterval activate deactivate pg_notify`,
	'Shutdown and tests': `sveltekit:shutdown mocks_for_Redis_and_Postgres`,
	'sveltekit-websockets': `WebSocketEndpointController websockets.use websockets.continuous /_/connect/:key TTL connect message
		close error socket.send socket.addEventListener msg.data Guards Active_socket_registry websockets hmr.port .upgrade
		@sveltejs/adapter-node WebSocket action url data auto_open controller message`
};

const document = readDocument('docs/migrating.md');
const sections = document.split(/^#+ /m).map((section) => ({
	heading: section.split('\n')[0]!,
	rows: section
		.split('\n')
		.filter((line) => line.startsWith('| '))
		.slice(1)
		.map((line) => line.slice(2, -2).split(' | '))
}));
const DEFECTS = 'What the tests try';
const tables = sections.filter(({ heading, rows }) => rows.length > 0 && heading !== DEFECTS);

const codeIn = (cell: string): string[] => [...cell.matchAll(/`([^`]+)`/g)].map(([, code]) => code!);

/** The names in a left cell: its code without arguments, or its words. */
function namesIn(cell: string): string[] {
	const code = codeIn(cell);
	const names = code.length > 0 ? code.map((name) => name.replace(/\(.*/, '')) : [cell];
	return names.map((name) => name.trim().replaceAll(' ', '_'));
}

describe('every name of the documents has a row', () => {
	test('and every table is known', () => {
		expect(tables.map(({ heading }) => heading)).toEqual(Object.keys(NAMES));
	});

	test.each(tables)('under $heading', ({ heading, rows }) => {
		const told = rows.flatMap(([there]) => namesIn(there!));
		expect(told.toSorted()).toEqual(NAMES[heading]!.split(/\s+/).toSorted());
	});
});

/** Everything that the sources declare: exports, and members of classes and interfaces. */
function declaredNames(): Set<string> {
	const files = globSync('src/**/*.ts', { cwd: root, exclude: ['**/*.test.ts', '**/*.test-d.ts'] });
	const text = files.map((file) => readFileSync(join(root, file), 'utf8')).join('\n');
	const exported = /^export (?:async )?(?:function|const|class|interface|type) (\w+)/gm;
	const members = /^\t+(?:readonly |static |async |get |override )*(\w+)\??[(:<]/gm;
	const renamed = /\bas (\w+)/g;
	return new Set([exported, members, renamed].flatMap((kind) => [...text.matchAll(kind)].map(([, name]) => name!)));
}

const declared = declaredNames();
const entries = Object.keys((JSON.parse(readDocument('package.json')) as { exports: object }).exports);
const contexts = readDocument('src/server/context.ts');

/** What others have: SvelteKit, the language, databases, and what the examples of the documents call their own. */
const FOREIGN = new Set(
	`$derived adapter addCard bind board chess ctx getUser ioredis iovalkey messages msg new null pg pointers socket todos true undefined`.split(
		' '
	)
);

function member(of: object, path: string[]): unknown {
	return path.reduce<unknown>((found, name) => (found as Record<string, unknown> | undefined)?.[name], of);
}

/** Whether what a right cell shows is there; what is no name is no promise. */
function isThere(code: string): boolean {
	const command = /^tidewire (\S+)/.exec(code)?.[1];
	if (command !== undefined) return HELP.includes(`tidewire ${command}`);
	if (code.startsWith('tidewire/')) return entries.includes(`./${code.slice('tidewire/'.length)}`);
	const path = /^[a-zA-Z_$][\w.$]*/.exec(code)?.[0].split('.');
	if (path === undefined || code.includes('/')) return true;
	const [first = '', ...rest] = path;
	if (first === 'live' && rest.length > 0) return member(live, rest) !== undefined;
	if (first === 'pipe' && rest.length > 0) return member(pipe, rest) !== undefined;
	if (first === 'ctx' && rest.length > 0) return new RegExp(`readonly ${rest[0]}\\b`).test(contexts);
	if (/^[A-Z]+_[A-Z_]+$/.test(first)) return first in ERROR_CODES;
	return [first, ...rest].every((name) => declared.has(name) || FOREIGN.has(name));
}

describe('nothing is promised that is not there', () => {
	test.each(tables)('under $heading', ({ rows }) => {
		const shown = rows.flatMap(([there, here, note]) => [
			...(here === 'same' ? [] : codeIn(here!)),
			...(here === 'same' && codeIn(there!).every((code) => /^(live|pipe|ctx)\b/.test(code))
				? codeIn(there!)
				: []),
			...codeIn(note ?? '')
		]);
		expect(shown.filter((code) => !isThere(code))).toEqual([]);
	});

	test('and the check finds what is not', () => {
		const wrong = ['live.undo()', 'pipe.reverse', 'ctx.ws', 'tidewire/devtools', 'QUEUE_FULL', 'enableHistory'];
		expect(wrong.filter(isThere)).toEqual([]);
	});
});

describe('mistakes that others made', () => {
	const rows = sections.find(({ heading }) => heading === DEFECTS)!.rows;

	test.each(rows)('%s: there is the test that finds it', (...[, file, title]) => {
		const path = join(root, codeIn(file!)[0]!);
		expect(existsSync(path)).toBe(true);
		expect(readFileSync(path, 'utf8')).toContain(`('${title!.trim()}'`);
	});
});
