// The backplane of a server process, with what the campaign wants to know of it, and with the deliberate defects by which it
// proves that it notices any.

import type { MaybePromise } from '../../src/base/maybe-promise.ts';
import type { Position } from '../../src/protocol/position.ts';
import type { Backplane } from '../../src/server/backplane.ts';
import type { Appended, BackplaneKind, Defect, ServerSettings } from './messages.ts';

type Make = (settings: ServerSettings) => Promise<Backplane>;

/** Loaded by name: a process that tests one of them needs no client of the others. */
const MAKE: Record<BackplaneKind, Make> = {
	redis: async ({ port, space, events }) => {
		const { redis } = await import('../../src/backplanes/redis/redis.ts');
		return redis(`redis://127.0.0.1:${port}`, { keyPrefix: space, events });
	},
	postgres: async ({ port, space, events }) => {
		const { postgres } = await import('../../src/backplanes/postgres/open.ts');
		return postgres(`postgres://postgres@127.0.0.1:${port}/postgres`, { schema: space, events });
	},
	nats: async ({ port, space, events }) => {
		const { nats } = await import('../../src/backplanes/nats/nats.ts');
		return nats(`nats://127.0.0.1:${port}`, { prefix: space, events });
	}
};

export async function makeBackplane(
	settings: ServerSettings,
	onAppended: (event: Appended) => void
): Promise<Backplane> {
	const backplane = await MAKE[settings.backplane](settings);
	if (settings.defect !== null) DEFECTS[settings.defect]?.(backplane);
	watch(backplane, onAppended);
	return backplane;
}

/** Tells of every event that the log has acknowledged. */
function watch(backplane: Backplane, onAppended: (event: Appended) => void): void {
	const append = backplane.append.bind(backplane);
	backplane.append = async (topic, body) => {
		const position = await append(topic, body);
		onAppended({ topic, body, ...position });
		return position;
	};
}

const CONSTANT = 'constant';

/** What each of them does to a backplane. */
const DEFECTS: Partial<Record<Defect, (backplane: Backplane) => void>> = {
	/** Nobody can tell a log from the one that took its place. */
	'constant epoch': (backplane) => {
		const { start, subscribe, head, append, read } = bound(backplane);
		const hide = async (position: MaybePromise<Position>): Promise<Position> => ({
			epoch: CONSTANT,
			offset: (await position).offset
		});
		backplane.start = (deliver, onStatus) =>
			start((delivery) => deliver({ ...delivery, epoch: delivery.epoch && CONSTANT }), onStatus);
		backplane.subscribe = (topic) => hide(subscribe(topic));
		backplane.head = (topic) => hide(head(topic));
		backplane.append = (topic, body) => hide(append(topic, body));
		backplane.read = async (topic, { offset }) => {
			const { epoch } = await head(topic);
			const result = await read(topic, { epoch, offset });
			return result.kind === 'events' ? { ...result, epoch: CONSTANT } : result;
		};
	},
	/** Whoever does not know whether an event is stored stores it again. */
	'repeated append': (backplane) => {
		const { append } = bound(backplane);
		backplane.append = async (topic, body) => {
			try {
				return await append(topic, body);
			} catch {
				return await append(topic, body);
			}
		};
	},
	/** An event now and then is acknowledged without being stored. */
	'lost append': (backplane) => {
		const { append, head } = bound(backplane);
		let count = 0;
		backplane.append = (topic, body) => (++count % 20 === 0 ? head(topic) : append(topic, body));
	}
};

function bound(backplane: Backplane): Pick<Backplane, 'start' | 'subscribe' | 'head' | 'append' | 'read'> {
	return {
		start: backplane.start.bind(backplane),
		subscribe: backplane.subscribe.bind(backplane),
		head: backplane.head.bind(backplane),
		append: backplane.append.bind(backplane),
		read: backplane.read.bind(backplane)
	};
}
