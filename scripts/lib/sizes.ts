// The size budgets: what an app's browser loads, bundled and minified by Vite as an app would, then gzipped.
// Svelte itself is in every Svelte app already and does not count.
import { gzipSync } from 'node:zlib';
import { svelte } from '@sveltejs/vite-plugin-svelte';
import { build } from 'vite';
import type { Outcome } from './outcome.ts';
import { namedCheck, sum } from './outcome.ts';
import { root } from './run.ts';

const KIB = 1024;

interface Budget {
	name: string;
	/** Entries of the package that are measured together. */
	entries: string[];
	/** Entries whose size is subtracted. */
	beyond?: string[];
	maxBytes: number;
}

const BUDGETS: Budget[] = [
	{ name: 'client: calls and streams', entries: ['client'], maxBytes: 12 * KIB },
	{
		name: 'svelte: on top of the client',
		entries: ['client', 'svelte', 'svelte/stubs'],
		beyond: ['client'],
		maxBytes: 3 * KIB
	},
	{
		name: 'svelte/stubs/rooms: on top of both',
		entries: ['client', 'svelte', 'svelte/stubs', 'svelte/stubs/rooms'],
		beyond: ['client', 'svelte', 'svelte/stubs'],
		maxBytes: KIB
	},
	{
		name: 'svelte/stubs/bytes: on top of both',
		entries: ['client', 'svelte', 'svelte/stubs', 'svelte/stubs/bytes'],
		beyond: ['client', 'svelte', 'svelte/stubs'],
		maxBytes: 3 * KIB
	},
	{ name: 'sockets/svelte: raw sockets, alone', entries: ['sockets/svelte'], maxBytes: 3 * KIB }
];

export async function checkSizes(): Promise<Outcome> {
	const outcomes: Outcome[] = [];
	for (const budget of BUDGETS) outcomes.push(await checkBudget(budget));
	return sum(outcomes);
}

async function checkBudget({ name, entries, beyond, maxBytes }: Budget): Promise<Outcome> {
	const bytes = (await gzippedBytes(entries)) - (beyond ? await gzippedBytes(beyond) : 0);
	const text = `${name}: ${(bytes / KIB).toFixed(2)} of ${(maxBytes / KIB).toFixed(0)} KiB gzipped`;
	return namedCheck(text, bytes <= maxBytes);
}

/** The size of a page's script that uses everything these entries export. */
async function gzippedBytes(entries: string[]): Promise<number> {
	const page = 'virtual:page';
	const code = entries.map((entry, index) => `export * as entry${index} from 'tidewire/${entry}';`).join('\n');
	const result = await build({
		root,
		configFile: false,
		logLevel: 'error',
		plugins: [
			{
				name: 'page',
				resolveId: (id) => (id === page ? `\0${page}` : undefined),
				load: (id) => (id === `\0${page}` ? code : undefined)
			},
			svelte({ configFile: false })
		],
		build: {
			write: false,
			target: 'es2022',
			rolldownOptions: { input: page, external: /^svelte($|\/)/, preserveEntrySignatures: 'strict' }
		}
	});
	const files = [result].flat().flatMap((bundle) => ('output' in bundle ? bundle.output : []));
	const chunks = files.map((file) => (file.type === 'chunk' ? file.code : ''));
	return gzipSync(chunks.join('\n'), { level: 9 }).length;
}
