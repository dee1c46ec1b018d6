// The server under test, a program of its own: `node bench/server.ts PORT`. Anonymous, in memory, no compression, default
// limits. Prints `ready` when it listens on 127.0.0.1; ends on SIGTERM. Any load generator can drive it over
// ws://127.0.0.1:PORT/__live with these text frames (PROTOCOL.md has the rest):
//
//   opening      > ["hello",1]                                       < ["welcome",1,"…",{…}]
//   echo         > ["call",1,"bench/echo",[VALUE]]                   < ["result",1,VALUE]
//   subscribe    > ["subscribe",2,"bench/feed",null,["TOPIC"]]       < ["snapshot",2,ALIAS,["EPOCH",0],["latest","id",0,50],[],[]]
//   publish      > ["call",3,"bench/publish",["TOPIC",VALUE]]        < ["event",ALIAS,1,"created",VALUE]   to each subscriber
//                                                                    < ["result",3,-1,1]                    to the publisher
//   first load   > ["subscribe",4,"bench/rows",null,[COUNT]]         < ["snapshot",4,ALIAS,[…],["crud",…],[],[ROW,…]]
//   heartbeat    < ["heartbeat",BEAT,[[ALIAS,OFFSET],…]]             > ["pong",BEAT]   every 15 s, or it closes after 30 s
//
// Ids are the client's, counted up per connection. Several messages may share a frame, joined by "\n", in both directions.

import { createServer } from 'node:http';
import { memory } from '../src/backplanes/memory/memory.ts';
import { live, LiveServer } from '../src/live/index.ts';
import { attach } from '../src/transports/node/index.ts';
import { rowsOf } from './lib/payload.ts';

const feed = live.stream(
	(_, topic: string) => ['feed', topic],
	() => [] as Record<string, unknown>[],
	{ merge: 'latest' }
);
const rows = live.stream(
	(_, count: number) => ['rows', count],
	(_, count) => rowsOf(count)
);
const echo = live((_, value: unknown) => value);
const publish = live((context, topic: string, value: Record<string, unknown>) => {
	context.publish(feed.topic(topic), 'created', value);
});

const server = new LiveServer({ backplane: memory() });
server.registry.register('bench', { echo, publish, feed, rows });
await server.start();

const http = createServer();
attach(http, { server, authorize: () => ({ session: { user: null as never } }) });
http.listen(Number(process.argv[2]), '127.0.0.1', 4096, () => console.log('ready'));
process.on('SIGTERM', () => process.exit(0));
