// A Cluster: commands go where their keys are, and channels are heard where their topics are (from Redis 7 on: sharded, or
// every node would carry the messages of all others). Whenever slots have moved or a node is gone, the link is opened anew:
// then everything that is heard is asked for again where it is now.

import { slotOf } from './slot.ts';
import { openAll, versionOf, type Link } from './link.ts';
import type { ClusterMaster, ClusterWire, OpenCluster, Wire, WireEvents } from './wire.ts';

/** From a slot to a slot, and the id of the node that has them. */
type SlotRange = readonly [first: number, last: number, node: string];

const SHARDED_SINCE = 7;

export async function openClusterLink(open: OpenCluster, events: WireEvents): Promise<Link> {
	const cluster = await open(events);
	try {
		return await linkTo(cluster, events);
	} catch (error) {
		cluster.close();
		throw error;
	}
}

async function linkTo(cluster: ClusterWire, events: WireEvents): Promise<Link> {
	const masters = await cluster.masters();
	const [first] = masters;
	if (!first) throw new Error('the Cluster has no master');
	const isSharded = (await versionOf(first.send)) >= SHARDED_SINCE;
	const ranges = await slotsOf(first);
	const wires = await openAll(
		masters.map(({ open }) => open),
		events
	);
	const ids = await Promise.all(masters.map(({ send }) => send(['CLUSTER', 'MYID'])));
	const byNode = new Map(ids.map((id, index) => [String(id), wires[index] as Wire]));
	const wireOf = (channel: string): Wire => {
		const slot = isSharded ? slotOf(channel) : 0;
		const range = ranges.find(([from, to]) => from <= slot && slot <= to);
		const wire = byNode.get(range?.[2] ?? '');
		if (!wire) throw new Error(`no node of the Cluster has slot ${slot}`);
		return wire;
	};
	return {
		publish: isSharded ? 'SPUBLISH' : 'PUBLISH',
		send: (command, key) => cluster.send(command, key),
		load: async (source) => void (await Promise.all(masters.map((node) => node.send(['SCRIPT', 'LOAD', source])))),
		subscribe: (channels) => subscribe(channels, wireOf, isSharded),
		unsubscribe: (channel) => wireOf(channel).unsubscribe(channel, isSharded),
		ping: () => check([...wires], first, ranges),
		close: () => [cluster, ...wires].forEach((part) => part.close())
	};
}

async function subscribe(
	channels: readonly string[],
	wireOf: (channel: string) => Wire,
	isSharded: boolean
): Promise<void> {
	// Of one command all channels must be in one slot.
	const groups = Map.groupBy(channels, (channel) => (isSharded ? slotOf(channel) : 0)).values();
	await Promise.all(Array.from(groups, (group) => wireOf(group[0] ?? '').subscribe(group, isSharded)));
}

/** A node that gives a slot away ends the subscriptions in it without closing the connection. */
async function check(wires: readonly Wire[], master: ClusterMaster, ranges: readonly SlotRange[]): Promise<void> {
	const [now] = await Promise.all([slotsOf(master), ...wires.map((wire) => wire.send(['PING']))]);
	if (JSON.stringify(now) !== JSON.stringify(ranges)) throw new Error('the slots of the Cluster have moved');
}

async function slotsOf({ send }: ClusterMaster): Promise<SlotRange[]> {
	const answer = (await send(['CLUSTER', 'SLOTS'])) as [number, number, [string, number, string]][];
	return answer
		.map(([first, last, [, , node]]): SlotRange => [first, last, node])
		.toSorted(([one], [other]) => one - other);
}
