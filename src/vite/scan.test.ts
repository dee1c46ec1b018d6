import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { configFile, scan } from './scan.ts';

const folders: string[] = [];
afterEach(() => folders.splice(0).forEach((folder) => rmSync(folder, { recursive: true })));

function treeOf(...files: string[]) {
	const root = mkdtempSync(join(tmpdir(), 'tidewire-scan-'));
	folders.push(root);
	for (const file of files) {
		mkdirSync(dirname(join(root, file)), { recursive: true });
		writeFileSync(join(root, file), '');
	}
	return { root, src: join(root, 'src') };
}

test('every live module is found, in both styles and at any depth', () => {
	const tree = treeOf('src/live/a/b.ts', 'src/lib/c.live.ts', 'src/lib/d.ts', 'src/hooks.live.ts');
	const { modules, problems } = scan(tree);
	expect([...modules.keys()]).toEqual(['lib/c', 'a/b']);
	expect(modules.get('a/b')).toBe(join(tree.src, 'live/a/b.ts'));
	expect(problems).toEqual([]);
});

test('two files of one id are a problem that names both', () => {
	const { modules, problems } = scan(treeOf('src/live/board.ts', 'src/board.live.ts'));
	expect(modules.size).toBe(1);
	expect(problems).toEqual([
		'src/board.live.ts and src/live/board.ts would both be the live module "board". Rename one of them.'
	]);
});

test('a module that no component can import is a problem', () => {
	const { modules, problems } = scan(treeOf('src/lib/server/board.live.ts'));
	expect(modules.size).toBe(0);
	expect(problems[0]).toContain('src/lib/server/board.live.ts');
});

test('an app without sources has no live modules', () => {
	expect(scan({ root: '/nowhere', src: '/nowhere/src' }).modules.size).toBe(0);
});

test('the configuration is found in TypeScript and in JavaScript', () => {
	const typescript = treeOf('src/hooks.live.ts');
	expect(configFile(typescript)).toBe(join(typescript.src, 'hooks.live.ts'));
	const javascript = treeOf('src/hooks.live.js');
	expect(configFile(javascript)).toBe(join(javascript.src, 'hooks.live.js'));
	expect(configFile(treeOf('src/app.html'))).toBeNull();
});
