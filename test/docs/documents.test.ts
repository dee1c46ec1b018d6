// What holds for every document: its links lead somewhere, and what it shows as code is tried somewhere.
import { existsSync, globSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { describe, expect, test } from 'vitest';
import { root } from '../../scripts/lib/run.ts';
import { pathOf } from './assemble.ts';
import { blocksOf, readDocument } from './markdown.ts';

const DOCUMENTS = globSync(['*.md', 'docs/*.md'], { cwd: root }).toSorted();

/** Languages in which a block is a file of an app, which the end-to-end tests assemble (test/e2e/documents). */
const CODE = new Set(['ts', 'js', 'svelte', 'html', 'css']);

/** Blocks of code that are a part of a file only, by document and first line. */
const PARTS = new Set([
	'docs/limits.md: const perProcess: AdmissionOptions = {',
	"docs/deploy.md: sveltekit({ adapter: adapter(), paths: { origin: 'https://app.example.com' } })"
]);

/** As GitHub makes the anchor of a heading. */
function anchorOf(heading: string): string {
	return heading
		.toLowerCase()
		.replaceAll(/[^\p{L}\p{N} _-]/gu, '')
		.replaceAll(' ', '-');
}

function anchorsOf(document: string): string[] {
	return [...document.replaceAll(/^```[^]*?^```/gm, '').matchAll(/^#+ (.*)$/gm)].map(([, heading]) =>
		anchorOf(heading!)
	);
}

/** Links within the project, without those in code. */
function linksOf(document: string): string[] {
	const prose = document.replaceAll(/^```[^]*?^```/gm, '').replaceAll(/`[^`\n]*`/g, '');
	const links = [...prose.matchAll(/\]\(([^)\s]+)\)/g), ...prose.matchAll(/\bsrc(?:set)?="([^"]+)"/g)];
	return links.map(([, link]) => link!).filter((link) => !/^https?:/.test(link));
}

function problemOf(file: string, link: string): string | undefined {
	const [path, anchor] = link.split('#') as [string, string?];
	const target = path === '' ? file : normalize(join(dirname(file), path));
	if (!existsSync(join(root, target))) return `${file}: ${link} leads nowhere`;
	if (anchor === undefined) return undefined;
	return anchorsOf(readDocument(target)).includes(anchor)
		? undefined
		: `${file}: ${target} has no heading #${anchor}`;
}

describe.each(DOCUMENTS)('%s', (file) => {
	const document = readDocument(file);

	test('has no link that leads nowhere', () => {
		expect(
			linksOf(document)
				.map((link) => problemOf(file, link))
				.filter(Boolean)
		).toEqual([]);
	});

	test('shows no code without saying in which file it stands', () => {
		const homeless = blocksOf(document)
			.filter(({ info }) => CODE.has(info.split(' ')[0]!) && pathOf(info) === undefined)
			.map(({ text }) => `${file}: ${text.split('\n')[0]}`);
		expect(homeless.filter((block) => !PARTS.has(block))).toEqual([]);
	});
});

test('every page of docs is linked from README.md', () => {
	const pages = DOCUMENTS.filter((file) => file.startsWith('docs/'));
	expect(linksOf(readDocument('README.md')).map((link) => link.split('#')[0])).toEqual(expect.arrayContaining(pages));
});

describe('ARCHITECTURE.md', () => {
	const named = [
		...readDocument('ARCHITECTURE.md').matchAll(
			/`((?:[\w.-]+\/)*[\w.-]+\.(?:ts|mjs)|(?:src|docs|test|scripts|examples)\/[\w./-]*)`/g
		)
	];
	const paths = [...new Set(named.map(([, path]) => path!))];
	const files = globSync(['*.mjs', '{src,docs,test,scripts,examples}/**/*.{ts,md,svelte}'], {
		cwd: root,
		exclude: ['**/node_modules', '**/.svelte-kit']
	});

	test.each(paths)('%s exists', (path) => {
		const exists = existsSync(join(root, path)) || files.some((file) => file.endsWith(`/${path}`));
		expect(exists, `${path} is nowhere`).toBe(true);
	});

	const sources = files
		.filter((file) => file.startsWith('src/') && file.endsWith('.ts'))
		.map(readDocument)
		.join('\n');
	// `Calls.start`, `LiveServer.#flush`, `#become`
	const members = [...readDocument('ARCHITECTURE.md').matchAll(/`(?:[A-Z]\w+\.)?(?<=[.#`])(#?\w+)`/g)]
		.filter(([token]) => /[.#]/.test(token))
		.map(([, name]) => name!);

	test.each([...new Set(members)])('%s is still in the sources', (name) => {
		expect(sources.includes(name), `${name} is nowhere`).toBe(true);
	});

	test('names every folder of src', () => {
		const folders = new Set(globSync('src/*/**/*.ts', { cwd: root }).map((file) => file.split(/[\\/]/)[1]!));
		const document = readDocument('ARCHITECTURE.md');
		for (const folder of folders) expect(document).toMatch(new RegExp(`\\*\\*${folder}\\*\\*`));
	});
});
