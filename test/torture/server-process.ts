// A server of the tortured application in a process of its own. It loads its modules at once and begins when it is told to,
// so that a process that was killed is replaced without delay.

import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { systemClock } from '../../src/base/clock.ts';
import type { TopicName } from '../../src/protocol/topic.ts';
import type { Backplane } from '../../src/server/backplane.ts';
import { Roster } from '../../src/server/processes/roster.ts';
import { LiveServer } from '../../src/server/server.ts';
import type { Session } from '../../src/server/session.ts';
import { attach } from '../../src/transports/node/attach.ts';
import { makeApp, mark, repair } from './app.ts';
import { makeBackplane } from './backplane.ts';
import { Database } from './database.ts';
import type { Answers, Ask, Question, ServerSettings, Tell } from './messages.ts';
import { SERVER_LIMITS } from './limits.ts';

const tell = (message: Tell): boolean => process.connected && process.send!(message);
const report = (text: string): boolean => tell({ kind: 'reported', text });

// Without its driver it would go on for ever.
process.on('disconnect', () => process.exit(0));

const [settings] = (await once(process, 'message')) as [ServerSettings];
const database = new Database(settings.database);
const loads: Record<string, number> = {};

interface Parts {
	backplane: Backplane;
	server: LiveServer;
	roster: Roster;
}

function makeParts(backplane: Backplane): Parts {
	const server = new LiveServer({
		backplane,
		limits: { ...SERVER_LIMITS, ...settings.limits },
		onError: (path, error) => report(`${settings.name} ${path}: ${String(error)}`)
	});
	server.registry.register(
		'app',
		makeApp(database, (room) => (loads[room] = (loads[room] ?? 0) + 1))
	);
	const onError = (error: unknown): boolean => report(`${settings.name} roster: ${String(error)}`);
	return {
		backplane,
		server,
		roster: new Roster({ store: backplane.store, clock: systemClock, id: settings.name, onError })
	};
}

/** Begins, again and again until the service can be reached: what would start it anew does the same, and takes longer. */
async function begin(): Promise<Parts> {
	for (;;) {
		const parts = makeParts(await makeBackplane(settings, (event) => tell({ kind: 'appended', event })));
		try {
			await parts.server.start();
			await parts.roster.start();
			return parts;
		} catch (error) {
			report(`${settings.name} does not start: ${String(error)}`);
			await Promise.resolve(parts.backplane.stop(false)).catch(() => {});
			await delay(100);
		}
	}
}

const { backplane, server, roster } = await begin();

const http = createServer((_, response) => response.end('page'));
attach<Session>(http, {
	server,
	authorize: ({ headers }) => ({ session: sessionOf(headers.cookie ?? '') }),
	closeTimeoutMs: 500
});
http.listen(0, '127.0.0.1');
await once(http, 'listening');
process.on('message', (question: Ask) => void answer(question));
tell({ kind: 'ready', port: (http.address() as AddressInfo).port });

function sessionOf(cookie: string): Session | null {
	const user = cookie.replace('user=', '');
	return database.isDenied(user, 'connect') ? null : { user: { id: user } };
}

async function answer({ ask, ...question }: Ask): Promise<void> {
	try {
		tell({ kind: 'answer', ask, value: await answerTo(question) });
		if (question.kind === 'leave') process.disconnect();
	} catch (error) {
		tell({ kind: 'failure', ask, message: String(error) });
	}
}

async function answerTo(question: Question): Promise<Answers[keyof Answers]> {
	switch (question.kind) {
		case 'revoke':
			if (settings.defect !== 'deaf to revocation') await server.revoke(question.user);
			return;
		case 'living':
			return [...roster.living];
		case 'members':
			return (await backplane.store.members('processes')).map(({ member }) => member);
		case 'head':
			return await backplane.head(question.topic as TopicName);
		case 'log':
			return await backplane.read(question.topic as TopicName, question.position);
		case 'repair':
			for (const call of question.calls) await repair(database, publish, call);
			return;
		case 'mark':
			await backplane.append(question.topic as TopicName, mark());
			return;
		case 'loads':
			return loads;
		case 'leave':
			await server.drain(500);
			await roster.stop();
			await server.stop();
	}
}

async function publish(...[topic, event, data]: Parameters<Parameters<typeof repair>[1]>): Promise<void> {
	await server.publisher.publish(topic, event, data);
}
