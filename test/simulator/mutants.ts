// Copies of the sources with one deliberate defect each. A simulator that does not find them proves nothing.

import { join } from 'node:path';
import { mutatedCopy, type Edit, type Mutant } from '../support/mutated-copy.ts';

export const MUTANTS: readonly Mutant[] = [
	{
		title: 'a client is subscribed only after its value was loaded',
		edits: [
			{
				file: 'server/hand-over.ts',
				find: 'new MissedEvents(load.position,',
				replace: 'new MissedEvents(feed.topic.head,'
			}
		]
	},
	{
		title: 'holes between offsets are not noticed',
		edits: [
			{
				file: 'client/stream.ts',
				find: 'if (event && offset > last.offset + 1) return this.#catchUp(last);',
				replace: ''
			},
			{
				file: 'server/hub-topic.ts',
				find: 'delivery.offset === this.#head + 1 &&',
				replace: 'delivery.offset > this.#head &&'
			}
		]
	},
	{
		title: 'the client alone does not notice holes',
		edits: [
			{
				file: 'client/stream.ts',
				find: 'if (event && offset > last.offset + 1) return this.#catchUp(last);',
				replace: ''
			}
		]
	},
	{
		title: 'the epoch of a position is ignored',
		edits: [
			{
				file: 'backplanes/memory/topic-log.ts',
				find: 'epoch !== this.#epoch || offset',
				replace: 'offset'
			},
			{
				file: 'backplanes/memory/topic-log.ts',
				find: "{ kind: 'events', epoch, entries",
				replace: "{ kind: 'events', epoch: this.#epoch, entries"
			}
		]
	},
	{
		title: 'offsets are not compared, so that an event is applied again',
		edits: [{ file: 'client/stream.ts', find: 'if (offset <= last.offset) return;', replace: '' }]
	},
	{
		title: 'a full queue is dropped without marking its streams stale',
		edits: [
			{
				file: 'server/send-queue.ts',
				find: 'if (stale.size > 0) this.#owner.overflowed(stale, dropped);',
				replace: ''
			}
		]
	},
	{
		title: 'a load that looks at the user is shared between users',
		edits: [
			{
				file: 'server/stream-loader.ts',
				find: 'load.personal && load.context !== this.#parts.context;',
				replace: 'false;'
			}
		]
	},
	{
		title: 'a call is sent again after a lost connection',
		edits: [{ file: 'client/calls.ts', find: 'call.repeatable && !final', replace: '!final' }]
	},
	{
		title: 'an expired session goes on',
		edits: [
			{
				file: 'server/heartbeats.ts',
				find: 'if ((connection.session.expiresAt ?? Infinity) > now) continue;',
				replace: 'if (now > 0) continue;'
			}
		]
	},
	{
		title: 'other processes are not told who was revoked',
		edits: [
			{
				file: 'server/processes/revocations.ts',
				find: 'if (backplane.recipe === undefined) await backplane.append',
				replace: 'if (backplane.recipe !== undefined) await backplane.append'
			}
		]
	},
	{
		title: 'nobody looks for revocations whose message was lost',
		edits: [
			{
				file: 'server/processes/revocations.ts',
				find: 'runReported(() => topic.check(), this.#options.onError);',
				replace: 'void topic;'
			}
		]
	},
	{
		title: 'a revoked session goes on',
		edits: [
			{
				file: 'server/server.ts',
				find: 'for (const connection of this.#connections.of(userId)) connection.goodbye(error);',
				replace: 'void userId, error;'
			}
		]
	},
	{
		title: 'access is not checked',
		edits: [{ file: 'server/stream.ts', find: 'await this.#authorise();', replace: '' }]
	},
	{
		title: 'nobody looks for a delivery that was lost last',
		edits: [{ file: 'server/heartbeats.ts', find: 'if (this.#next === 0) this.#onRound();', replace: '' }]
	},
	{
		title: 'a stream that ends does not leave its topic',
		edits: [
			{
				file: 'server/stream.ts',
				find: 'feed.end(this);\n\t\tthis.#host.leave(feed);\n\t\tif',
				replace: 'feed.end(this);\n\t\tif'
			}
		]
	},
	{
		title: 'an item shows twice that a loaded value holds already',
		edits: [
			{
				file: 'client/merge/latest.ts',
				find: 'if (draft.keyOf(data) == null) draft.push(data);',
				replace: 'if (draft) draft.push(data);'
			}
		]
	},
	{
		title: 'a filter holds for the first value only',
		edits: [
			{
				file: 'server/views/view-rows.ts',
				find: 'row === LEFT_OUT ? this.#rows.remove(key) : this.#rows.put(key, row)',
				replace: 'this.#rows.put(key, row === LEFT_OUT ? data : row)'
			}
		]
	},
	{
		title: 'a limited view does not fill up when a row goes',
		edits: [
			{
				file: 'server/views/ordered-rows.ts',
				find: 'if (others > 0) changes.push(this.#refill(shown));',
				replace: ''
			}
		]
	},
	{
		title: 'a projection is left out where events are caught up',
		edits: [{ file: 'server/views/event-view.ts', find: "(await this.#bodyOf(body)) ?? ''", replace: 'await body' }]
	},
	{
		title: 'a view that looks at the user is shared between users',
		edits: [
			{
				file: 'server/views/view-groups.ts',
				find: 'if (finer(shared, asker) === shared) return;',
				replace: 'if (asker) return;'
			}
		]
	},
	{
		title: 'a row goes to the end of a sorted view, wherever it belongs',
		edits: [
			{
				file: 'client/merge/keyed.ts',
				find: 'return draft.move(data as [key: unknown, place: number]);',
				replace: 'return;'
			}
		]
	},
	{
		title: 'a load that began before its topic was invalidated is good enough',
		edits: [{ file: 'server/hand-over.ts', find: 'if (isStale) this.#stream.wentStale();', replace: '' }]
	},
	{
		title: 'a stream that falls behind after it was loaded anew waits for a load that is over',
		edits: [
			{
				file: 'server/stream.ts',
				find: "this.#state = 'live';\n\t\tthis.#isReloading = false;",
				replace:
					"this.#state = 'live';\n\t\tvoid Promise.resolve().then(() => Promise.resolve()).then(() => (this.#isReloading = false));"
			}
		]
	},
	{
		title: 'an event that was shown early stays when its call failed',
		edits: [{ file: 'client/stream.ts', find: 'if (!entry.settled) this.#remove(entry);', replace: '' }]
	}
];

/** Defects of what histories with lists in pages are for. */
export const PAGE_MUTANTS: readonly Mutant[] = [
	{
		title: 'what happens to rows while their page is on its way is forgotten',
		edits: [{ file: 'client/pages.ts', find: 'else if (this.#loading) this.#events.push(event);', replace: '' }]
	},
	{
		title: 'a page of a list that was replaced is added to the new one',
		edits: [{ file: 'client/pages.ts', find: 'if (this.#events !== events) continue;', replace: '' }]
	},
	{
		title: 'a list goes on that an event has replaced',
		edits: [
			{ file: 'client/pages.ts', find: 'this.begin(null);\n\t\telse if', replace: 'void event;\n\t\telse if' }
		]
	},
	{
		title: 'rows that a first page had no room for stand before later ones',
		edits: [{ file: 'client/view.ts', find: 'this.#comesFirst(draft, draft.keyOf(data));', replace: 'void draft;' }]
	},
	{
		title: 'a row shows twice that is there before its page is',
		edits: [
			{
				file: 'client/merge/draft.ts',
				find: 'rows.filter((row) => !this.has(this.keyOf(row)))',
				replace: 'rows'
			}
		]
	},
	{
		title: 'access is not checked for further pages',
		edits: [
			{
				file: 'server/load-once.ts',
				find: 'const allowed = definition.access === null',
				replace: 'const allowed = load.isPage || definition.access === null'
			}
		]
	},
	{
		title: 'a projection loses where its list goes on',
		edits: [{ file: 'server/page.ts', find: 'page(rows, value[CURSOR]) : rows', replace: 'rows : rows' }]
	}
];

/** Defects of the hand-over alone: later events and heartbeats repair them, so random histories hardly see them. */
export const HAND_OVER_MUTANTS: readonly Mutant[] = [
	{
		title: 'something waits between the last look at the log and going live',
		edits: [
			{
				file: 'server/hand-over.ts',
				find: 'if (missed.position.offset >= topic.head.offset) {',
				replace: 'if (missed.position.offset >= topic.head.offset) {\nawait Promise.resolve();'
			}
		]
	},
	{
		title: 'a stream goes live before it has read up to the head',
		edits: [
			{
				file: 'server/hand-over.ts',
				find: 'if (missed.position.offset >= topic.head.offset) {',
				replace: 'if (missed) {'
			}
		]
	},
	{
		title: 'the position of a value is taken after it was loaded',
		edits: [
			{
				file: 'server/hand-over.ts',
				find: 'new MissedEvents(load.position,',
				replace: 'new MissedEvents(feed.topic.head,'
			}
		]
	},
	{
		title: 'what an ephemeral topic brings during a load is not kept',
		edits: [{ file: 'server/hub-topic.ts', find: 'this.loads.collect(body, conflationKey);', replace: '' }]
	}
];

/** A copy of the sources and the simulator, with the edits; returns the simulator's folder in it. */
export function makeCopy(name: string, edits: readonly Edit[]): string {
	return join(mutatedCopy({ campaign: 'simulator', name, edits, folders: ['simulator', 'support'] }), 'simulator');
}
