// What each server wants to hear, as text frames. A dialect knows nothing of scenarios; values are JSON already.

export interface Dialect {
	readonly path: string;
	/** Sent as soon as the WebSocket is open. */
	readonly greeting: string | null;
	/** Whether the server speaks first, and is ready only when `control` says so. */
	readonly greets: boolean;
	call(id: number, value: string): string;
	subscribe(id: number, topic: number): string;
	publish(id: number, topic: number, value: string): string;
	/** Asks for that many rows, as a stream opens; null where the server is not asked. */
	load(id: number, count: number): string | null;
	/** Ends what `load` began. */
	unload(id: number): string | null;
	/** Reads a message without a mark. A string is to be sent back. */
	control(text: string): 'ready' | 'subscribed' | { reply: string } | null;
}

const tidewire: Dialect = {
	path: '/__live',
	greeting: '["hello",1]',
	greets: true,
	call: (id, value) => `["call",${id},"bench/echo",[${value}]]`,
	subscribe: (id, topic) => `["subscribe",${id},"bench/feed",null,["t${topic}"]]`,
	publish: (id, topic, value) => `["call",${id},"bench/publish",["t${topic}",${value}]]`,
	load: (id, count) => `["subscribe",${id},"bench/rows",null,[${count}]]`,
	unload: (id) => `["unsubscribe",${id}]`,
	control(text) {
		if (text.startsWith('["welcome"')) return 'ready';
		if (text.startsWith('["snapshot"')) return 'subscribed';
		const beat = /^\["heartbeat",(\d+)/.exec(text)?.[1];
		return beat === undefined ? null : { reply: `["pong",${beat}]` };
	}
};

/** What the raw servers speak: the least that does the same. */
const raw: Dialect = {
	path: '/',
	greeting: null,
	greets: false,
	call: (id, value) => `["call",${id},${value}]`,
	subscribe: (id, topic) => `["subscribe",${id},"t${topic}"]`,
	publish: (id, topic, value) => `["publish",${id},"t${topic}",${value}]`,
	load: (id, count) => `["rows",${id},${count}]`,
	unload: () => null,
	control: (text) => (text.startsWith('["subscribed"') ? 'subscribed' : null)
};

const socketIo: Dialect = {
	path: '/socket.io/?EIO=4&transport=websocket',
	greeting: null,
	greets: true,
	call: (id, value) => `42${id}["echo",${value}]`,
	subscribe: (id, topic) => `42${id}["subscribe","t${topic}"]`,
	publish: (id, topic, value) => `42${id}["publish","t${topic}",${value}]`,
	load: () => null,
	unload: () => null,
	control(text) {
		if (text.startsWith('0{')) return { reply: '40' };
		if (text.startsWith('40')) return 'ready';
		if (text === '2') return { reply: '3' };
		return text.startsWith('43') && text.endsWith('["subscribed"]') ? 'subscribed' : null;
	}
};

const request = (id: number, method: string, params: string): string =>
	`{"id":${id},"method":"${method}","params":{${params}}}`;

const trpc: Dialect = {
	path: '/',
	greeting: null,
	greets: false,
	call: (id, value) => request(id, 'mutation', `"path":"echo","input":${value}`),
	subscribe: (id, topic) => request(id, 'subscription', `"path":"feed","input":"t${topic}"`),
	publish: (id, topic, value) => request(id, 'mutation', `"path":"publish","input":["t${topic}",${value}]`),
	load: () => null,
	unload: () => null,
	control(text) {
		if (text === 'PING') return { reply: 'PONG' };
		return text.includes('"type":"started"') ? 'subscribed' : null;
	}
};

const rpc = (id: number, path: string, args: string): string => `{"rpc":"bench/${path}","id":"${id}","args":[${args}]`;

const svelteRealtime: Dialect = {
	path: '/',
	greeting: null,
	greets: false,
	call: (id, value) => `${rpc(id, 'echo', value)}}`,
	subscribe: (id, topic) => `${rpc(id, 'feed', `"t${topic}"`)},"stream":true}`,
	publish: (id, topic, value) => `${rpc(id, 'publish', `"t${topic}",${value}`)}}`,
	load: () => null,
	unload: () => null,
	control: (text) => (text.includes('"merge":"latest"') ? 'subscribed' : null)
};

export const DIALECTS = { tidewire, raw, socketIo, trpc, svelteRealtime };
export type DialectName = keyof typeof DIALECTS;
