// A server of a transport for tests of its upgrades. What authorize says is asked for by the cookie; what a connection does,
// by messages.
import { Frame } from '../../../src/server/frame.ts';
import { listen, type TransportName } from './listen.ts';

const port = await listen<string>(process.argv[2] as TransportName, {
	origins: ['https://app.example'],
	messageBytes: 1_000,
	authorizeTimeoutMs: 100,
	authorize: (cookie) => {
		if (cookie === 'throw') throw new Error('the database said: secret');
		if (cookie === 'wait') return new Promise<never>(() => {});
		if (cookie === 'refuse') return { status: 451, reason: 'Not here.' };
		return { session: cookie || null, setCookies: ['session=new; HttpOnly', 'other=1'] };
	},
	server: {
		accept(socket, session) {
			const say = (value: unknown): void => socket.send([new Frame(JSON.stringify(value))]);
			if (session === 'closed at once') socket.close(4401, 'UNAUTHORIZED');
			else say(session);
			return {
				message: (data) => (data === 'pause' ? socket.pause() : say(data.length)),
				drained: () => {},
				closed: (code) => process.stdout.write(`closed ${code}\n`)
			};
		}
	}
});
process.stdout.write(`port ${port}\n`);
