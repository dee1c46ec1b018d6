// Streams whose rows have changed their shape: what pages of an earlier build get of them.
// Invariant: a client gets rows of the version that it said it knows, or none.

import { LiveError } from '../base/errors.ts';
import type { MigrateRow, StreamDefinition, Versions } from './definition.ts';
import { EVERYTHING, type View } from './views/view.ts';

/** Another process has what this one does not know yet: the one that takes its place. */
const NEWER_RETRY_MS = 2_000;

/** By what they are made of: clients of one version share their views. */
const older = new WeakMap<StreamDefinition, Map<number, StreamDefinition>>();

interface VersionOptions {
	readonly version?: number;
	readonly migrate?: Readonly<Record<number, (row: never) => unknown>>;
}

/** @throws {TypeError} */
export function versionsOf({ version, migrate = {} }: VersionOptions): Versions | null {
	const steps = Object.entries(migrate).map(([made, run]) => [Number(made), run as MigrateRow] as const);
	if (version === undefined && steps.length === 0) return null;
	if (version === undefined || !Number.isSafeInteger(version) || version < 1)
		throw new TypeError(`a stream with "migrate" needs a "version" of 1 or more, not ${String(version)}`);
	for (const [made] of steps) {
		if (!Number.isSafeInteger(made) || made < 0 || made >= version)
			throw new TypeError(`"migrate" makes versions below ${version}, not ${made}`);
	}
	return { current: version, migrate: new Map(steps) };
}

/**
 * What a client of that version reads. One that says none knows the stream as it is, or as it was before it had versions,
 * where `migrate` makes version 0.
 * @throws {LiveError} UPGRADE_REQUIRED where it is too old; UNAVAILABLE where this process is
 */
export function definitionFor(
	definition: StreamDefinition,
	path: string,
	version: number | undefined
): StreamDefinition {
	const { current, migrate } = definition.versions ?? { current: 0, migrate: new Map<number, MigrateRow>() };
	const wanted = version ?? (migrate.has(0) ? 0 : current);
	if (wanted === current) return definition;
	const versions = `version ${wanted} of "${path}" was asked for; this is ${current}`;
	if (wanted > current) throw new LiveError('UNAVAILABLE', versions, { retryAfterMs: NEWER_RETRY_MS });
	const known = older.get(definition)?.get(wanted);
	if (known) return known;
	const made = olderDefinition(definition, wanted);
	if (made === null) throw new LiveError('UPGRADE_REQUIRED', versions);
	older.set(definition, (older.get(definition) ?? new Map<number, StreamDefinition>()).set(wanted, made));
	return made;
}

/** Null where a step is missing. */
function olderDefinition(definition: StreamDefinition, wanted: number): StreamDefinition | null {
	const { current, migrate } = definition.versions ?? { current: 0, migrate: new Map<number, MigrateRow>() };
	const steps: MigrateRow[] = [];
	for (let version = current - 1; version >= wanted; version--) {
		const step = migrate.get(version);
		if (step === undefined) return null;
		steps.push(step);
	}
	const before: View = definition.view ?? EVERYTHING;
	const shape = (_: unknown, row: unknown): unknown => steps.reduce((made, step) => step(made), row);
	return { ...definition, view: { ...before, finish: [...before.finish, { kind: 'transform', shape }] } };
}
