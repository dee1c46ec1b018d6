// The rules of every kind of merge. Applying an event that is already in the value changes nothing that a reader could
// tell, except where an item of `latest` has no key: there, positions alone keep an event from being applied twice.

import type { MergeKind } from '../../base/merge.ts';
import type { Draft } from './draft.ts';
import { crud, cursor, presence } from './keyed.ts';
import { latest } from './latest.ts';
import { set } from './set.ts';

/** Applies one event. Events that a kind does not know change nothing. */
export type Merge = (draft: Draft, event: string, data: unknown) => void;

export const MERGES: Readonly<Record<MergeKind, Merge>> = { crud, set, latest, presence, cursor };
