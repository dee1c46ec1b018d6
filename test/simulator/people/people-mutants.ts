import type { Mutant } from '../../support/mutated-copy.ts';

/** Defects of what histories about people are for. */
export const PEOPLE_MUTANTS: readonly Mutant[] = [
	{
		title: 'somebody is gone with one tab, though another is there',
		edits: [
			{
				file: 'features/presence/attendance.ts',
				find: 'if (stays.size === 0) this.#stays.delete(key);',
				replace: 'this.#stays.delete(key);'
			}
		]
	},
	{
		title: 'who was on a killed process stays',
		edits: [
			{
				file: 'features/shared/channel.ts',
				find: 'for (const process of processes) if (!this.#leaving.has(process)) this.#drop(process);',
				replace: 'void processes;'
			}
		]
	},
	{
		title: 'what a process has left in the store goes with it',
		edits: [
			{ file: 'features/shared/channel.ts', find: 'if (hasLeft) this.#left(process);', replace: 'void hasLeft;' }
		]
	},
	{
		title: 'a process that ends leaves nothing in the store',
		edits: [
			{
				file: 'features/presence/presence-list.ts',
				find: 'await parts.process.holdings.leaveBehind(this.#group, rules.graceMs);',
				replace: ''
			}
		]
	},
	{
		title: 'a lost connection is taken for a leave',
		edits: [{ file: 'features/presence/presence.ts', find: "?.code !== 'CANCELLED'", replace: "?.code === ''" }]
	},
	{
		title: 'places are given out without comparing',
		edits: [
			{
				file: 'features/groups/places.ts',
				find: 'ttlMs: isEmpty ? CLOSED_MS : null, version })',
				replace: 'ttlMs: null, version: (await store.get(this.#key))?.version ?? 0 })'
			}
		]
	},
	{
		title: 'members of killed processes keep their places',
		edits: [
			{
				file: 'features/groups/places.ts',
				find: 'if (!(await this.#parts.process.roster.isAlive(process))) delete ledger.counts[process];',
				replace: 'void process;'
			}
		]
	},
	{
		title: 'what is for one role reaches all',
		edits: [
			{ file: 'features/groups/group-state.ts', find: '(role ?? member.role) === member.role &&', replace: '' }
		]
	},
	{
		title: 'who waits for a place does not hear when the last member leaves',
		edits: [
			{
				file: 'features/groups/members.ts',
				find: 'if (!this.#members.delete(connection)) return false;',
				replace:
					'if (!this.#members.delete(connection)) return false; if (this.#members.size === 0) this.#options.letGo();'
			}
		]
	},
	{
		title: 'nobody tells of the members of killed processes',
		edits: [{ file: 'features/groups/roll.ts', find: 'gone: () => this.#look(),', replace: 'gone: () => {},' }]
	},
	{
		title: 'every survivor tells of the members of killed processes',
		edits: [
			{
				file: 'features/groups/roll.ts',
				find: 'if (await store.leave(this.#groupOf(process), member)) this',
				replace: 'await store.leave(this.#groupOf(process), member); this'
			}
		]
	},
	{
		title: 'a key is forgotten when its answer is there',
		edits: [
			{
				file: 'server/processes/once.ts',
				find: 'outcome === null\n',
				replace: 'outcome !== undefined\n'
			}
		]
	},
	{
		title: 'a key that a killed process has begun is taken by the next',
		edits: [
			{
				file: 'server/processes/once.ts',
				find: '#answerOf({ value }: StoredValue, { print }: OnceRequest)',
				replace: '#answerOf({ value }: StoredValue, { print, key }: OnceRequest)'
			},
			{
				file: 'server/processes/once.ts',
				find: "throw new LiveError('CONFLICT', 'the process that ran this request has ended, and it may have taken effect');",
				replace: 'await this.#options.store.remove(`once/${key}`);\n\t\treturn null;'
			}
		]
	}
];
