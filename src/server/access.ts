// Common rules for who may read a stream, to be combined. Each is checked when a client subscribes, and again when the
// stream is reopened; none of them sees the data.

import type { MaybePromise } from '../base/maybe-promise.ts';
import type { LiveContext } from './context.ts';

export type AccessRule<Args extends unknown[] = never[]> = (
	context: LiveContext,
	...args: Args
) => MaybePromise<boolean>;

/** A rule that looks at the caller only, and fits beside rules about any arguments. */
type UserRule = (context: LiveContext, ...args: unknown[]) => MaybePromise<boolean>;

function userField(context: LiveContext, field: string): unknown {
	return (context.user as Record<string, unknown> | null)?.[field];
}

/** Whoever has an identity: `user[field]` is present. */
function owner(field = 'id'): UserRule {
	return (context) => userField(context, field) != null;
}

/** Whoever belongs to a team: `user.teamId` is present. */
function team(field = 'teamId'): UserRule {
	return owner(field);
}

/** By `user.role`: true, false, or a rule for each role. A role that is not listed is refused. */
function role(rules: Readonly<Record<string, boolean | UserRule>>): UserRule {
	const byRole = new Map(Object.entries(rules));
	return (context) => {
		const name = userField(context, 'role');
		const rule = typeof name === 'string' ? byRole.get(name) : undefined;
		return typeof rule === 'function' ? rule(context) : rule === true;
	};
}

/** Where one rule agrees. */
function any<Args extends unknown[]>(...rules: AccessRule<Args>[]): AccessRule<Args> {
	return async (context, ...args) => {
		for (const rule of rules) if (await rule(context, ...args)) return true;
		return false;
	};
}

/** Where every rule agrees. */
function all<Args extends unknown[]>(...rules: AccessRule<Args>[]): AccessRule<Args> {
	return async (context, ...args) => {
		for (const rule of rules) if (!(await rule(context, ...args))) return false;
		return true;
	};
}

export const access = { owner, team, role, any, all };
