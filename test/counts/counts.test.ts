// What calls and publishes cost, in counts that are exact on every machine: no test here looks at a clock.
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { CountedServer } from './counted-server.ts';
import { allocatedBy } from './measures.ts';
import { openPeers, type Peer } from './peer.ts';

const SUBSCRIBERS = 25;
const OUTSTANDING = 16;
const OTHERS = 2_000;
const EVENT = '["event"';

let server: CountedServer;
let peers: Peer[] = [];

beforeEach(async () => {
	server = await CountedServer.start();
});

afterEach(async () => {
	for (const peer of peers) peer.close();
	peers = [];
	await server[Symbol.asyncDispose]();
});

async function open(count: number): Promise<Peer[]> {
	const opened = await openPeers(server.port, count);
	peers.push(...opened);
	return opened;
}

/** Peers that read topics. */
async function subscribers(count: number, ...topics: string[]): Promise<Peer[]> {
	const opened = await open(count);
	await Promise.all(opened.map((peer) => subscribe(peer, topics)));
	return opened;
}

async function subscribe(peer: Peer, topics: readonly string[]): Promise<void> {
	peer.say(...topics.map((topic, index) => `["subscribe",${index + 1},"counts/feed",null,["${topic}"]]`));
	await peer.hears('["snapshot"', topics.length);
}

const allHear = (audience: readonly Peer[], count: number): Promise<unknown> =>
	Promise.all(audience.map((peer) => peer.hears(EVENT, count)));

const times = <Made>(count: number, make: (index: number) => Made): Made[] =>
	Array.from({ length: count }, (_, index) => make(index));

const calls = (count: number): string[] =>
	times(count, (index) => `["call",${index + 1},"counts/echo",[{"index":${index}}]]`);

async function oneOf(count: number): Promise<Peer> {
	const [peer] = await open(count);
	if (!peer) throw new Error('no peer');
	return peer;
}

describe('a call', () => {
	it('is answered by one write, and its result is encoded once', async () => {
		const peer = await oneOf(1);
		const counts = await server.count(async () => {
			peer.say(...calls(1));
			await peer.hears('["result"', 1);
		});
		expect(counts).toMatchObject({ writes: 1, encodings: 1, frames: 1 });
	});

	it('shares its write with the other answers of the pass, whether they came in one frame or in many', async () => {
		const peer = await oneOf(1);
		for (const frames of [calls(OUTSTANDING), [calls(OUTSTANDING).join('\n')]]) {
			peer.forget();
			const counts = await server.count(async () => {
				peer.say(...frames);
				await peer.hears('["result"', OUTSTANDING);
			});
			expect(counts).toMatchObject({ writes: 1, encodings: OUTSTANDING });
		}
	});

	it('is as much work beside 2,000 other connections as beside none', async () => {
		const peer = await oneOf(1);
		const call = (): Promise<number> => stepsOf(peer, '["call",1,"counts/echo",[1]]', '["result"');
		await call(); // what happens once, happens here
		const alone = await call();
		await open(OTHERS);
		expect(await call()).toBe(alone);
	});
});

describe('memory', () => {
	/** Unoptimised code takes more than what runs later, and always the same. */
	const MOST_BYTES = { perCall: 3_700, perDelivery: 750 };
	const ROUNDS = 20;

	async function bytesPer(operations: number, round: () => Promise<unknown>): Promise<number> {
		const rounds = async (): Promise<void> => {
			for (let done = 0; done < ROUNDS; done++) await round();
		};
		await rounds(); // what happens once, happens here
		return (await allocatedBy(rounds)) / ROUNDS / operations;
	}

	it(`of a call is at most ${MOST_BYTES.perCall} bytes`, async () => {
		const peer = await oneOf(1);
		const bytes = await bytesPer(OUTSTANDING, async () => {
			peer.forget();
			peer.say(...calls(OUTSTANDING));
			await peer.hears('["result"', OUTSTANDING);
		});
		expect(bytes).toBeLessThan(MOST_BYTES.perCall);
	});

	it(`of a delivery is at most ${MOST_BYTES.perDelivery} bytes`, async () => {
		const audience = await subscribers(SUBSCRIBERS, 'a');
		const bytes = await bytesPer(SUBSCRIBERS, async () => {
			for (const peer of audience) peer.forget();
			server.publish('a', { text: 'the same' });
			await allHear(audience, 1);
		});
		expect(bytes).toBeLessThan(MOST_BYTES.perDelivery);
	});
});

/** The work of one request, up to its answer. */
async function stepsOf(peer: Peer, request: string, answer: string): Promise<number> {
	peer.forget();
	const { steps } = await server.count(async () => {
		peer.say(request);
		await peer.hears(answer, 1);
	});
	return steps;
}

describe('a publish', () => {
	it('is encoded and framed once for all subscribers, and written once to each', async () => {
		const audience = await subscribers(SUBSCRIBERS, 'a');
		const counts = await server.count(async () => {
			server.publish('a', { text: 'once' });
			await allHear(audience, 1);
		});
		// The name of the event and its data; the first of the sockets may write a text, the others share its bytes.
		expect(counts).toMatchObject({ writes: SUBSCRIBERS, encodings: 2, frames: 1 });
		expect(counts.outputs).toBeLessThanOrEqual(2);
	});

	it('leaves in one write with all others of the pass', async () => {
		const audience = await subscribers(SUBSCRIBERS, 'a');
		const counts = await server.count(async () => {
			for (let index = 0; index < OUTSTANDING; index++) server.publish('a', { index });
			await allHear(audience, OUTSTANDING);
		});
		expect(counts).toMatchObject({ writes: SUBSCRIBERS, encodings: 2 * OUTSTANDING });
		expect(counts.frames).toBeLessThanOrEqual(OUTSTANDING);
	});

	it('leaves in one write with those of other topics', async () => {
		const topics = times(10, (index) => `t${index}`);
		const audience = await subscribers(SUBSCRIBERS, ...topics);
		const counts = await server.count(async () => {
			for (const topic of topics) server.publish(topic, { topic });
			await allHear(audience, topics.length);
		});
		expect(counts.writes).toBe(SUBSCRIBERS);
		expect(counts.frames).toBeLessThanOrEqual(topics.length);
	});

	it('by a caller who listens leaves with its answer', async () => {
		const audience = await subscribers(SUBSCRIBERS, 'a');
		const publish = (index: number): string => `["call",${index + 100},"counts/publish",["a",{"index":${index}}]]`;
		const counts = await server.count(async () => {
			audience[0]?.say(...times(OUTSTANDING, publish));
			await allHear(audience, OUTSTANDING);
			await audience[0]?.hears('["result"', OUTSTANDING);
		});
		expect(counts.writes).toBe(SUBSCRIBERS);
	});

	it('touches its subscribers alone: beside 2,000 other connections it is the same work', async () => {
		const audience = await subscribers(SUBSCRIBERS, 'a');
		const publish = async () => {
			for (const peer of audience) peer.forget();
			return server.count(async () => {
				server.publish('a', { text: 'the same' });
				await allHear(audience, 1);
			});
		};
		await publish();
		const alone = await publish();
		await subscribers(OTHERS / 2, 'b');
		await open(OTHERS / 2);
		expect(await publish()).toEqual(alone);
	});

	it('that nobody reads writes and frames nothing', async () => {
		await subscribers(SUBSCRIBERS, 'b');
		const counts = await server.count(async () => server.publish('a', {}));
		expect(counts).toMatchObject({ writes: 0, frames: 0 });
	});
});

describe('a subscription', () => {
	it('joins and leaves a topic with the same work, however many read it', async () => {
		const peer = await oneOf(1);
		await subscribers(1, 'a');
		await turn(peer);
		const alone = await turn(peer);
		await subscribers(OTHERS, 'a');
		expect(await turn(peer)).toEqual(alone);
	});

	it('begins and ends with the same work, however many other connections and topics there are', async () => {
		const peer = await oneOf(1);
		await turn(peer);
		const alone = await turn(peer);
		const others = await open(OTHERS);
		await Promise.all(others.map((other, index) => subscribe(other, [`b${index}`])));
		expect(await turn(peer)).toEqual(alone);
	});
});

/** The work of subscribing to the topic, and of leaving it. */
const turn = async (peer: Peer): Promise<number[]> => [
	await stepsOf(peer, '["subscribe",7,"counts/feed",null,["a"]]', '["snapshot"'),
	await stepsOf(peer, '["unsubscribe",7]\n["ping",1]', '["pong"')
];
