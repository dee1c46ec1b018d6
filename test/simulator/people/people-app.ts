// The live module of those histories that are about people: who is here, who found a place, and what takes effect once.
// What really happens is told to the truth, by hooks and handlers that know nothing of how the features do it.

import { LiveError } from '../../../src/base/errors.ts';
import { live } from '../../../src/live/live.ts';
import type { LiveContext } from '../../../src/server/context.ts';
import type { Truth } from './truth.ts';

/** What the module needs of the process that it runs in. */
export interface PeopleHost {
	readonly name: string;
	/** Whether the process was killed: then what runs in it comes to nothing. */
	readonly isOver: boolean;
	pause(): Promise<void> | undefined;
	check(): void;
}

export interface Said {
	id: string;
	/** For whom it is; null for all. */
	role: string | null;
}

export interface Receipt {
	number: number;
	amount: number;
}

/** Places in a club or a team. */
export const PLACES = 3;
export const POINTS = 3;
export const WINDOW_MS = 5_000;

const userOf = (ctx: Pick<LiveContext, 'user'>): string => (ctx.user as { id: string }).id;

export type PeopleApp = ReturnType<typeof makePeople>;

/** @param chance whether something happens that does with this probability */
export function makePeople(host: PeopleHost, truth: Truth, chance: (probability: number) => boolean) {
	const { readings, club: inClub, team: inTeam, payments } = truth;
	const here = live.presence(
		(_, room: string, _client: string) => ['here', room],
		() => ({ mood: 0 }),
		{
			access: (context, room) => {
				// Who changes what is shown of them has to be allowed to read, too, and reads nothing by it.
				if (context.path === 'people/here')
					readings.add({ context, process: host.name, user: userOf(context), room });
				return true;
			},
			update: anyMood
		}
	);

	const placesOf = (places: Truth['club']) => ({
		maxMembers: PLACES,
		onJoin: (_: unknown, { connection }: { connection: string }) =>
			host.isOver || places.joined(host.name, connection),
		onLeave: (_: unknown, { connection }: { connection: string }) => host.isOver || places.left(connection),
		onFull: (_: unknown, { connection }: { connection: string }) => host.isOver || places.refused(connection)
	});
	/** Whoever reads it is in it. */
	const club = live.group<Said>()((_ctx, _client: string, _role: string) => 'club', {
		...placesOf(inClub),
		role: (ctx, client, role) => {
			inClub.reads({ connection: ctx.connection.id, client, role });
			return role;
		}
	});
	/** Whoever asks for a place is in it. */
	const team = live.group<Said>()('team', placesOf(inTeam));
	const join = live(async (ctx, client: string, role: string) => {
		const asked = inTeam.asks({ connection: ctx.connection.id, client, role });
		const isIn = await team.of().join(ctx, role);
		if (isIn) inTeam.granted(asked);
		return isIn;
	});
	const leave = live((ctx) => team.of().leave(ctx));

	const pay = live.idempotent(async (ctx, key: string, amount: number): Promise<Receipt> => {
		const name = `${userOf(ctx)} ${key}`;
		await host.pause();
		if (chance(0.1)) throw new LiveError('UNAVAILABLE', 'try again');
		if (chance(0.1)) throw new LiveError('NOT_FOUND', `no ${key}`);
		host.check();
		const number = payments.takesEffect(name);
		await pauseOrEnd(host);
		return { number, amount };
	});

	const ping = live.rateLimit({ points: POINTS, window: WINDOW_MS }, (ctx) => payments.pinged(userOf(ctx)));

	return {
		groups: { club: () => club.of('', ''), team: () => team.of() },
		exports: { here, club, team, join, leave, pay, ping }
	};
}

/** After its effect a handler does not fail: it ends with its process, or answers. */
async function pauseOrEnd(host: PeopleHost): Promise<void> {
	try {
		await host.pause();
	} catch {
		if (host.isOver) await new Promise<never>(() => {});
	}
}

/** A schema that takes everything. */
const anyMood = {
	'~standard': {
		version: 1,
		vendor: 'simulator',
		validate: (value: unknown) => ({ value: value as { mood: number } })
	}
} as const;
