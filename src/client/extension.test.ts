import { describe, expect, it } from 'vitest';
import { LiveError } from '../base/errors.ts';
import { readText } from '../protocol/fields.ts';
import type { ClientSocketEvents } from './socket.ts';
import { createClient } from './client.ts';
import type { ClientExtension, ExtensionHost } from './extension.ts';

/** A client whose server is the test, and an extension that notes everything. */
function world() {
	const sockets: ClientSocketEvents[] = [];
	const sent: string[] = [];
	const client = createClient({
		url: 'ws://test',
		connect: (_, events) => {
			sockets.push(events);
			return { send: (text) => void sent.push(String(text)), close: () => {} };
		}
	});
	const log: string[] = [];
	const make = (host: ExtensionHost): ClientExtension => ({
		decoders: new Map([
			[
				'hey',
				(message) => {
					const text = readText(message, 1, { name: 'text', maxLength: 5 });
					return () => void log.push(text);
				}
			]
		]),
		opened: () => void log.push(`opened, ${host.link.open ? 'and can send' : 'cannot send'}`),
		failed: ({ code }, final) => void log.push(`failed ${code} ${final}`)
	});
	const welcome = (): void => {
		client.reconnect();
		const socket = sockets.at(-1)!;
		socket.opened();
		socket.message('["welcome",1,"c1",{}]');
	};
	return { client, make, log, sockets, welcome, hear: (text: string) => sockets.at(-1)!.message(text) };
}

describe('an extension of the client', () => {
	it('is made once, and told of a connection that is there already', () => {
		const { client, make, log, welcome } = world();
		welcome();
		expect(client.extend(make)).toBe(client.extend(make));
		expect(log).toEqual(['opened, and can send']);
	});

	it('takes its own kinds of messages, and is told when the connection comes and goes', () => {
		const { client, make, log, sockets, welcome, hear } = world();
		client.extend(make);
		expect(log).toEqual([]);
		welcome();
		hear('["hey","you"]');
		sockets.at(-1)!.closed(1006, '');
		client.close();
		expect(log).toEqual(['opened, and can send', 'you', 'failed CONNECTION_LOST false', 'failed CLOSED true']);
	});

	it('ends the connection where a message is not as it must be, or of a kind that nobody knows', () => {
		const { client, make, log, welcome, hear } = world();
		client.extend(make);
		for (const bad of ['["hey","far too long"]', '["ho","you"]']) {
			welcome();
			hear(bad);
			expect(client.status.error).toBeInstanceOf(LiveError);
			expect(client.status.error?.code).toBe('PROTOCOL_ERROR');
		}
		expect(log.filter((line) => !line.startsWith('opened'))).toEqual([
			'failed PROTOCOL_ERROR false',
			'failed PROTOCOL_ERROR false'
		]);
	});
});
