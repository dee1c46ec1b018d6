// svelte-realtime's own dispatch on uWebSockets.js. Its adapter is left out: of it, dispatch uses the two functions of
// `platform`, which do here what they do there. `node bench/uws/svelte-realtime.js PORT`, on a Node that the binary loads on.

import { __register, live, message } from 'svelte-realtime/server';
import uws from 'uwebsockets';

const app = uws.App();
const envelope = (topic, event, data) =>
	`{"topic":${JSON.stringify(topic)},"event":${JSON.stringify(event)},"data":${JSON.stringify(data)}}`;
const platform = {
	publish: (topic, event, data) => app.publish(topic, envelope(topic, event, data), false, false),
	// oxlint-disable-next-line max-params -- as the adapter has it
	send: (socket, topic, event, data) => socket.send(envelope(topic, event, data), false, false)
};

__register(
	'bench/echo',
	live((_, value) => value)
);
__register(
	'bench/feed',
	live.stream(
		(_, topic) => topic,
		() => [],
		{ merge: 'latest' }
	)
);
__register(
	'bench/publish',
	live((context, topic, value) => {
		context.publish(topic, 'created', value);
		return null;
	})
);

app.ws('/*', {
	compression: 0,
	maxPayloadLength: 65536,
	upgrade: (response, request, context) => {
		const header = (name) => request.getHeader(`sec-websocket-${name}`);
		response.upgrade({ user: null }, header('key'), header('protocol'), header('extensions'), context);
	},
	message: (socket, data) => message(socket, { data, platform })
});
app.listen('127.0.0.1', Number(process.argv[2]), (listening) => console.log(listening ? 'ready' : 'no port'));
