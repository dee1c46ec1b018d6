// The stubs of what people share: `tidewire/svelte/stubs/rooms`. Apart from the others, so that only pages that use them load
// them. The types of the exports come from the server's source, so everything here is untyped.

import type { LiveCall, LiveCursorsFactory, LivePresenceFactory, LiveStreamFactory } from '../base/surface.ts';
import type { Clock } from '../base/clock.ts';
import { client } from '../client/default-client.ts';
import type { ClientExtension, ExtensionHost } from '../client/extension.ts';
import { call, stream } from './stubs.ts';

type Factory = LiveStreamFactory<unknown[], unknown, unknown>;
/** Makes what a resource can do besides being read. */
type Method = (args: readonly unknown[]) => (value: unknown) => unknown;

/** How long a cursor rests before it is sent again, in milliseconds: the server shows it no more often. */
const REST_MS = 50;

/** Who is here: a stream whose resources have `update`. */
export function presence(path: string): LivePresenceFactory<unknown[], unknown, unknown> {
	const update: Method = (args) => (change) => client.call(`${path}/update`, [...args, change]);
	return withMethod(stream(path), 'update', update) as LivePresenceFactory<unknown[], unknown, unknown>;
}

/** Where they point: a stream whose resources have `move`. */
export function cursors(path: string): LiveCursorsFactory<unknown[], unknown, unknown> {
	const moves = new Map<string, (place: unknown) => void>();
	const move: Method = (args) => {
		const key = JSON.stringify(args);
		let known = moves.get(key);
		if (!known) moves.set(key, (known = mover(`${path}/move`, args)));
		return known;
	};
	return withMethod(stream(path), 'move', move) as LiveCursorsFactory<unknown[], unknown, unknown>;
}

/** A group: a stream, and its metadata. */
export function group(path: string): Factory {
	return Object.assign(stream(path), { meta: stream(`${path}/meta`) });
}

/** Everything in a room: its streams, and whatever else it has is called. */
export function room(path: string): object {
	const members: Record<string, unknown> = {
		data: stream(`${path}/data`),
		presence: presence(`${path}/presence`),
		cursors: cursors(`${path}/cursors`)
	};
	return new Proxy(members, {
		// Whoever awaits a room, or prints it, asks for names that no action has.
		get: (known, name) =>
			typeof name === 'string' && name !== 'then' ? (known[name] ??= action(path, name)) : undefined
	});
}

const action = (path: string, name: string): LiveCall<unknown[], unknown> => call(`${path}/${name}`);

function withMethod(factory: Factory, name: string, method: Method): Factory {
	const open = (...args: unknown[]): unknown => Object.assign(factory(...args), { [name]: method(args) });
	const stub = new Proxy(factory, {
		apply: (_, __, args: unknown[]) => open(...args),
		get: (target, property) => (property === name ? method([]) : (Reflect.get(target, property) as unknown))
	});
	return stub;
}

interface Time extends ClientExtension {
	readonly clock: Clock;
}

/** The time of the client: that of a test, in tests. */
const timeOf = ({ settings }: ExtensionHost): Time => ({
	get clock() {
		return settings.clock;
	}
});

/** Sends the latest place, never while another one is under way: whatever happens meanwhile leaves with the next. */
function mover(path: string, args: readonly unknown[]): (place: unknown) => void {
	let latest: unknown;
	let sent: unknown;
	let isBusy = false;
	const send = async (): Promise<void> => {
		isBusy = true;
		while (sent !== latest) {
			sent = latest;
			const rest = new Promise<void>((resolve) => client.extend(timeOf).clock.setTimer(resolve, REST_MS));
			// A lost place is not worth a word: the next one follows. Why the cursors are refused says the stream.
			await client.call(path, [...args, latest]).catch(() => {});
			await rest;
		}
		isBusy = false;
	};
	return (place) => {
		latest = place;
		if (!isBusy) void send();
	};
}
